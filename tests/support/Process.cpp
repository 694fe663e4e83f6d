#include "tests/support/Process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <system_error>

namespace volcanion::test {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPollInterval{5};

[[noreturn]] void ThrowErrno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

int FileInMemory(const char* name) {
  const int file = memfd_create(name, MFD_CLOEXEC);
  if (file < 0) ThrowErrno("memfd_create");
  return file;
}

/// The end of a pipe from which `text` can be read, and then its end.
int PipeWith(std::string_view text) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) ThrowErrno("pipe2");
  const bool fits =
      text.size() <= 64 * 1024 && write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(ends[1]);
  if (fits) return ends[0];
  close(ends[0]);
  throw std::runtime_error("the input is too long for a pipe");
}

std::optional<std::string> FindLine(std::string_view text, std::string_view piece) {
  const auto found = text.find(piece);
  if (found == std::string_view::npos) return std::nullopt;
  const auto end = text.find('\n', found);
  if (end == std::string_view::npos) return std::nullopt;  // not complete yet
  const auto before = text.rfind('\n', found);
  const auto begin = before == std::string_view::npos ? 0 : before + 1;
  return std::string(text.substr(begin, end - begin));
}

}  // namespace

Process::Process(const Settings& settings) {
  std::vector<std::string> words{settings.program.string()};
  words.insert(words.end(), settings.arguments.begin(), settings.arguments.end());
  for (const auto& word : words) name_.append(name_.empty() ? "" : " ").append(word);
  std::vector<std::string> variables{"PATH=/usr/local/bin:/usr/bin:/bin"};
  for (const auto& [name, value] : settings.environment) variables.push_back(name + "=" + value);
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (auto& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
  };
  const auto arguments = pointers(words);
  const auto environment = pointers(variables);

  const int in = PipeWith(settings.input);
  out_ = FileInMemory("stdout");
  err_ = FileInMemory("stderr");
  const pid_t parent = getpid();
  id_ = fork();
  if (id_ == 0) Run(arguments.data(), environment.data(), in, out_, err_, parent);
  close(in);
  if (id_ < 0) ThrowErrno("fork");
  setpgid(id_, id_);  // here as in the child: whoever is first, the group is there from now on
  handle_ = static_cast<int>(syscall(SYS_pidfd_open, id_, 0));
  if (handle_ >= 0) return;
  const int error = errno;
  Kill();
  throw std::system_error(error, std::generic_category(), "pidfd_open");
}

Process::~Process() {
  Kill();
  for (const int file : {handle_, out_, err_}) close(file);
}

// Between fork and exec of a process with threads only async-signal-safe functions may be called.
void Process::Run(char* const* arguments, char* const* environment, int in, int out, int err, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (chdir("/") == 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
      dup2(err, STDERR_FILENO) >= 0) {
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    execve(arguments[0], arguments, environment);
  }
  _exit(126);
}

void Process::Signal(int signal) const {
  if (!status_) kill(id_, signal);  // not reaped yet: the number cannot be another's
}

void Process::Kill() {
  // The leader keeps the group's number from being given to another until it is reaped.
  if (!status_) {
    kill(-id_, SIGKILL);
    int status = 0;
    while (waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
}

int Process::Wait(std::chrono::milliseconds deadline) {
  if (!WaitForEnd(deadline)) Throw("does not end");
  return *status_;
}

std::string Process::WaitForLine(std::string_view piece, std::chrono::milliseconds deadline) {
  const auto end = steady_clock::now() + deadline;
  while (true) {
    const bool ended = WaitForEnd(kPollInterval);  // before the look: what it said last is found
    for (const int file : {out_, err_}) {
      if (auto line = FindLine(ReadAll(file), piece)) return *std::move(line);
    }
    if (ended) Throw("has ended with status " + std::to_string(*status_) + " and never said: " + std::string(piece));
    if (steady_clock::now() >= end) Throw("does not say: " + std::string(piece));
  }
}

std::string Process::ReadAll(int file) {
  std::string text;
  std::array<char, 64 * 1024> buffer{};
  // At a place of its own: the place in the file is the child's.
  while (true) {
    const auto length = pread(file, buffer.data(), buffer.size(), static_cast<off_t>(text.size()));
    if (length <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(length));
  }
}

bool Process::WaitForEnd(std::chrono::milliseconds patience) {
  if (status_) return true;
  pollfd watched{handle_, POLLIN, 0};
  const auto end = steady_clock::now() + patience;
  int ready = 0;
  do {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - steady_clock::now());
    ready = poll(&watched, 1, static_cast<int>(std::max<std::chrono::milliseconds::rep>(0, left.count())));
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return false;
  Kill();  // what it has left in its group; and reaps it
  return true;
}

void Process::Throw(const std::string& what) const {
  throw std::runtime_error(name_ + " " + what + "\nstdout: " + out() + "\nstderr: " + err());
}

}  // namespace volcanion::test
