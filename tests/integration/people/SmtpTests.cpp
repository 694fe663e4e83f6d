#include "Infrastructure/Messages/SmtpMessages.h"
#include "tests/integration/ApiFixture.h"
#include "tests/support/Process.h"
#include "tests/support/RecordedLog.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace volcanion;
using namespace volcanion::test;
using infrastructure::SmtpMessages;
using infrastructure::SmtpSettings;

namespace {

/// A mail server on the loopback that takes what it is sent, or answers otherwise where a case says so. One client at a
/// time.
class MailServer {
 public:
  /// What to answer to a command; nothing: as a mail server does. Empty: no answer at all.
  using Answer = std::function<std::optional<std::string>(const std::string& command)>;

  explicit MailServer(Answer answer = {}) : answer_(std::move(answer)) {
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listening_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listening_, 16) == 0);
    REQUIRE(::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] {
      while (true) {
        const int client = ::accept(listening_, nullptr, nullptr);
        if (client < 0) return;
        Serve(client);
        ::close(client);
      }
    });
  }
  ~MailServer() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
  }

  std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
  std::vector<std::string> commands() const {
    const std::lock_guard lock(mutex_);
    return commands_;
  }
  std::vector<std::string> mails() const {
    const std::lock_guard lock(mutex_);
    return mails_;
  }

 private:
  static void Say(int client, const std::string& line) {
    (void)::send(client, (line + "\r\n").data(), line.size() + 2, MSG_NOSIGNAL);
  }
  /// Up to `end`, which is left out; nothing when the client has gone.
  static std::optional<std::string> Hear(int client, std::string& buffer, const std::string& end) {
    while (buffer.find(end) == std::string::npos) {
      char part[4096];
      const auto got = ::recv(client, part, sizeof part, 0);
      if (got <= 0) return std::nullopt;
      buffer.append(part, static_cast<std::size_t>(got));
    }
    auto text = buffer.substr(0, buffer.find(end));
    buffer.erase(0, text.size() + end.size());
    return text;
  }
  static std::string UsualAnswer(const std::string& command) {
    if (command.starts_with("EHLO")) return "250-test\r\n250 AUTH PLAIN";
    if (command.starts_with("AUTH")) return "235 welcome";
    if (command == "DATA") return "354 go on";
    return command == "QUIT" ? "221 bye" : "250 fine";
  }
  void Serve(int client) {
    std::string buffer;
    Say(client, "220 test");
    while (const auto command = Hear(client, buffer, "\r\n")) {
      {
        const std::lock_guard lock(mutex_);
        commands_.push_back(*command);
      }
      const auto own = answer_ ? answer_(*command) : std::nullopt;
      if (own && own->empty()) continue;
      Say(client, own.value_or(UsualAnswer(*command)));
      if (*command != "DATA" || own) continue;
      const auto mail = Hear(client, buffer, "\r\n.\r\n");
      if (!mail) return;
      {
        const std::lock_guard lock(mutex_);
        mails_.push_back(*mail);
      }
      Say(client, "250 taken");
    }
  }

  const Answer answer_;
  int listening_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;  // guards those below
  std::vector<std::string> commands_, mails_;
  std::thread thread_;
};

SmtpSettings To(const MailServer& server) {
  SmtpSettings settings;
  settings.url = server.url();
  settings.from = "volcanion@example.com";
  settings.needs_tls = false;
  settings.first_pause = std::chrono::milliseconds(1);
  return settings;
}

/// A real mail server that takes mails over TLS alone, by STARTTLS or from the first byte, with a certificate that it
/// made for itself.
class TlsMailServer {
 public:
  explicit TlsMailServer(const std::string& way) : way_(way) {
    auto pattern = (std::filesystem::temp_directory_path() / "volcanion-mail-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    const auto key = (folder_ / "key.pem").string();
    Process openssl({.program = "/usr/bin/openssl",
                     .arguments = {"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                                   "-keyout", key, "-out", certificate(), "-days", "2", "-subj", "/CN=mail", "-addext",
                                   "subjectAltName=IP:127.0.0.1"}});
    REQUIRE_MESSAGE(openssl.Wait() == 0, openssl.err());
    const std::string script = VOLCANION_SOURCE "/tests/integration/people/mail_server.py";
    process_ = std::make_unique<Process>(
        Process::Settings{.program = "/usr/bin/python3", .arguments = {script, way, certificate(), key}});
    port_ = process_->WaitForLine("port ").substr(5);
  }
  ~TlsMailServer() {
    process_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string certificate() const { return (folder_ / "certificate.pem").string(); }
  std::string url() const { return (way_ == "tls" ? "smtps" : "smtp") + std::string("://127.0.0.1:") + port_; }
  std::string mails() const { return process_->out(); }

 private:
  const std::string way_;
  std::filesystem::path folder_;
  std::unique_ptr<Process> process_;
  std::string port_;
};

constexpr char kToken[] = "vo_live_a-secret";

application::OneTimeMessage Invitation(const std::string& to = "ada@example.com",
                                       std::chrono::seconds lifetime = std::chrono::hours(1)) {
  return {application::OneTimeMessage::Purpose::kInvitation, domain::Email::Parse(to).value(), kToken,
          infrastructure::SystemClock().Now() + lifetime};
}

struct Sending {
  infrastructure::SystemClock clock;
  RecordedLog log;

  bool HasLeaked() const { return log.Count(kToken) > 0 || log.Count("pass word") > 0; }
};

}  // namespace

TEST_SUITE("messages by e-mail") {
  TEST_CASE("an invitation arrives with its token, by a user who logs in, and the log has no secret") {
    MailServer server;
    Sending sending;
    auto settings = To(server);
    settings.user = "mailer";
    settings.password = "pass word";
    SmtpMessages messages(settings, sending.clock, sending.log);
    messages.Send(Invitation());
    WaitUntil("it is sent", [&] { return sending.log.Count("a message was sent") == 1; });
    REQUIRE(server.mails().size() == 1);
    const auto mail = server.mails().front();
    for (const auto* piece : {"From: Volcanion <volcanion@example.com>\r\n", "To: <ada@example.com>\r\n",
                              "Subject: You are invited", "\r\nvo_live_a-secret\r\n", "/api/auth/accept-invitation"}) {
      CHECK_MESSAGE(Has(mail, piece), mail);
    }
    const auto commands = server.commands();
    const auto has = [&](const std::string& begin) {
      return std::any_of(commands.begin(), commands.end(), [&](const auto& one) { return one.starts_with(begin); });
    };
    CHECK(has("AUTH PLAIN"));
    CHECK(has("MAIL FROM:<volcanion@example.com>"));
    CHECK(has("RCPT TO:<ada@example.com>"));
    CHECK_FALSE(sending.HasLeaked());
  }

  TEST_CASE("what fails is tried again, what is refused for good is not, and both are told of without the token") {
    int tries = 0;
    MailServer server([&](const std::string& command) -> std::optional<std::string> {
      if (command == "RCPT TO:<nobody@example.com>") return "550 nobody";
      if (command == "RCPT TO:<ada@example.com>" && ++tries < 3) return "451 later";
      return std::nullopt;
    });
    Sending sending;
    SmtpMessages messages(To(server), sending.clock, sending.log);
    messages.Send(Invitation("nobody@example.com"));
    messages.Send(Invitation());
    WaitUntil("it is sent", [&] { return sending.log.Count("a message was sent to=ada@example.com") == 1; });
    CHECK(tries == 3);
    CHECK(server.mails().size() == 1);
    CHECK(sending.log.Count("a message could not be sent yet; it is tried again to=ada@example.com") == 1);
    CHECK(sending.log.Count("a message was not sent to=nobody@example.com") == 1);
    CHECK_FALSE(sending.HasLeaked());
  }

  TEST_CASE("a server that never takes it, and one that does not answer, are given up") {
    Sending sending;
    MailServer busy([](const std::string&) -> std::optional<std::string> { return "421 busy"; });
    auto settings = To(busy);
    settings.max_attempts = 3;
    SmtpMessages one(settings, sending.clock, sending.log);
    one.Send(Invitation());
    WaitUntil("it is given up", [&] { return sending.log.Count("a message was not sent to=ada@example.com") == 1; });
    MailServer silent([](const std::string&) -> std::optional<std::string> { return ""; });
    settings = To(silent);
    settings.max_attempts = 2;
    settings.timeout = std::chrono::milliseconds(50);
    SmtpMessages other(settings, sending.clock, sending.log);
    other.Send(Invitation("bob@example.com"));
    WaitUntil("it is given up", [&] { return sending.log.Count("a message was not sent to=bob@example.com") == 1; });
    CHECK_FALSE(sending.HasLeaked());
  }

  TEST_CASE("by TLS it arrives at a server that somebody vouches for, and at no other") {
    for (const auto* way : {"starttls", "tls"}) {
      CAPTURE(way);
      TlsMailServer server(way);
      Sending sending;
      SmtpSettings settings{server.url(), "volcanion@example.com", "mailer", "pass word"};
      settings.max_attempts = 1;
      {
        SmtpMessages unknown(settings, sending.clock, sending.log);
        unknown.Send(Invitation("eve@example.com"));
        WaitUntil("it is given up",
                  [&] { return sending.log.Count("a message was not sent to=eve@example.com") == 1; });
      }
      settings.ca_file = server.certificate();
      SmtpMessages known(settings, sending.clock, sending.log);
      known.Send(Invitation());
      WaitUntil("it is sent", [&] { return sending.log.Count("a message was sent to=ada@example.com") == 1; });
      CHECK(Has(server.mails(), "mail for ['ada@example.com'] by mailer"));
      CHECK(Has(server.mails(), kToken));
      CHECK_FALSE(Has(server.mails(), "eve@example.com"));
      CHECK_FALSE(sending.HasLeaked());
    }
  }

  TEST_CASE("without TLS nothing is said to a server that is elsewhere") {
    MailServer server;
    Sending sending;
    auto settings = To(server);
    settings.needs_tls = true;  // as for every address but the loopback
    settings.user = "mailer";
    settings.password = "pass word";
    settings.max_attempts = 1;
    SmtpMessages messages(settings, sending.clock, sending.log);
    messages.Send(Invitation());
    WaitUntil("it is given up", [&] { return sending.log.Count("a message was not sent") == 1; });
    for (const auto& command : server.commands()) CHECK_FALSE(command.starts_with("AUTH"));
    CHECK(server.mails().empty());
  }

  TEST_CASE("nobody waits: what is too much, has expired or is left at the end is dropped, and told of") {
    MailServer silent([](const std::string&) -> std::optional<std::string> { return ""; });
    Sending sending;
    auto settings = To(silent);
    settings.max_queued = 1;
    {
      SmtpMessages messages(settings, sending.clock, sending.log);
      messages.Send(Invitation("a@example.com"));
      WaitUntil("the first is on its way", [&] { return !silent.commands().empty(); });
      messages.Send(Invitation("b@example.com"));
      messages.Send(Invitation("c@example.com"));
      CHECK(sending.log.Count("a message was not sent to=c@example.com") == 1);
    }
    CHECK(sending.log.Count("a message was not sent") == 3);
    MailServer server;
    SmtpMessages messages(To(server), sending.clock, sending.log);
    messages.Send(Invitation("d@example.com", std::chrono::seconds(-1)));
    WaitUntil("it is dropped", [&] { return sending.log.Count("to=d@example.com") == 1; });
    CHECK(server.mails().empty());
    CHECK_FALSE(sending.HasLeaked());
  }
}
