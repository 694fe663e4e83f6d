#include "tests/conformance/http/CaseFile.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace volcanion::test::http {

namespace {

class Reader {
 public:
  explicit Reader(const std::filesystem::path& file) : file_(file), in_(file) {
    if (!in_) throw std::runtime_error("cannot read " + file.string());
  }

  std::vector<HttpCase> All() {
    for (std::string line; std::getline(in_, line);) {
      ++number_;
      if (line.empty() || line.starts_with('#')) continue;
      if (line.back() == ' ') Fail("a line ends with a space; write \\x20 when it is meant");
      if (line.starts_with("== "))
        Begin(line.substr(3));
      else if (cases_.empty())
        Fail("a case begins with \"== its name\"");
      else if (line.starts_with("> "))
        cases_.back().bytes += Unescaped(std::string_view(line).substr(2));
      else if (line.starts_with("gets: "))
        cases_.back().received.push_back(RequestOf(line.substr(6)));
      else if (line.starts_with("answers: "))
        ReadAnswers(line.substr(9));
      else if (line.starts_with("then: "))
        cases_.back().end = EndOf(line.substr(6));
      else
        Fail("expected \"== \", \"> \", \"gets: \", \"answers: \", \"then: \" or a comment");
      has_answers_ = has_answers_ || line.starts_with("answers: ");
      has_end_ = has_end_ || line.starts_with("then: ");
    }
    Finish();
    return std::move(cases_);
  }

 private:
  [[noreturn]] void Fail(const std::string& what) const { throw std::runtime_error(Place() + ": " + what); }
  std::string Place() const { return file_.filename().string() + ":" + std::to_string(number_); }

  void Begin(std::string name) {
    Finish();
    HttpCase next;
    next.place = Place();
    next.name = std::move(name);
    cases_.push_back(std::move(next));
    has_answers_ = has_end_ = false;
  }

  void Finish() const {
    if (cases_.empty()) return;
    if (cases_.back().bytes.empty() || !has_answers_ || !has_end_)
      Fail("the case before this line lacks its bytes, \"answers: \" or \"then: \"");
  }

  std::string Unescaped(std::string_view text) const {
    std::string bytes;
    while (!text.empty()) {
      const char c = text.front();
      text.remove_prefix(1);
      if (c != '\\') {
        bytes += c;
        continue;
      }
      if (text.empty()) Fail("a lone \\ at the end of a line");
      const char kind = text.front();
      text.remove_prefix(1);
      switch (kind) {
        case 'r':
          bytes += '\r';
          break;
        case 'n':
          bytes += '\n';
          break;
        case 't':
          bytes += '\t';
          break;
        case '\\':
          bytes += '\\';
          break;
        case 'x':
          bytes += static_cast<char>(NumberAt(text, 2, 16));
          text.remove_prefix(2);
          break;
        case '{': {  // \{3*text}, where the text may hold another
          const auto star = text.find('*');
          const auto end = ClosingBrace(text);
          if (star == std::string_view::npos || end == std::string_view::npos || end < star) Fail("not \\{3*text}");
          const auto times = NumberAt(text, star, 10);
          const auto part = Unescaped(text.substr(star + 1, end - star - 1));
          for (int i = 0; i < times; ++i) bytes += part;
          text.remove_prefix(end + 1);
          break;
        }
        default:
          Fail(std::string("no such escape: \\") + kind);
      }
    }
    return bytes;
  }

  static std::size_t ClosingBrace(std::string_view text) {
    int open = 1;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text.substr(i, 2) == "\\{") ++open;
      if (text[i] == '}' && --open == 0) return i;
    }
    return std::string_view::npos;
  }

  int NumberAt(std::string_view text, std::size_t digits, int base) const {
    int number = 0;
    if (text.size() < digits) Fail("a number is cut short");
    const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number, base);
    if (error != std::errc() || end != text.data() + digits) Fail("not a number");
    return number;
  }

  // METHOD TARGET BODY; the body is all behind the second space.
  ReceivedRequest RequestOf(std::string_view text) const {
    const auto target = text.find(' ');
    if (target == std::string_view::npos) Fail("expected \"gets: METHOD TARGET\" or \"gets: METHOD TARGET BODY\"");
    const auto body = text.find(' ', target + 1);
    ReceivedRequest request;
    request.method = Unescaped(text.substr(0, target));
    request.target = Unescaped(text.substr(target + 1, body == std::string_view::npos ? body : body - target - 1));
    if (body != std::string_view::npos) request.body = Unescaped(text.substr(body + 1));
    return request;
  }

  void ReadAnswers(const std::string& text) {
    if (text == "none") return;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
      ExpectedAnswer answer;
      if (word.starts_with('(') && word.ends_with(')')) {
        answer.optional = true;
        word = word.substr(1, word.size() - 2);
      }
      if (word.ends_with("-head")) {
        answer.bodiless = true;
        word.resize(word.size() - 5);
      }
      answer.status = NumberAt(word, word.size(), 10);
      cases_.back().answers.push_back(answer);
    }
  }

  End EndOf(const std::string& text) const {
    if (text == "open") return End::kOpen;
    if (text == "closed") return End::kClosed;
    if (text == "waiting") return End::kWaiting;
    Fail("expected \"then: open\", \"then: closed\" or \"then: waiting\"");
  }

  std::filesystem::path file_;
  std::ifstream in_;
  int number_ = 0;
  std::vector<HttpCase> cases_;
  bool has_answers_ = false;
  bool has_end_ = false;
};

}  // namespace

std::vector<HttpCase> ReadCases(const std::filesystem::path& file) { return Reader(file).All(); }

std::vector<HttpCase> ReadAllCases(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<HttpCase> all;
  for (const auto& file : files)
    for (auto& one : ReadCases(file)) all.push_back(std::move(one));
  return all;
}

std::string Escaped(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '\r')
      text += "\\r";
    else if (c == '\n')
      text += "\\n";
    else if (c == '\t')
      text += "\\t";
    else if (c == '\\')
      text += "\\\\";
    else if (code < 0x20 || code > 0x7e)
      (text += "\\x") += {kHex[code >> 4], kHex[code & 15]};
    else
      text += c;
  }
  return text;
}

}  // namespace volcanion::test::http
