#include "Infrastructure/PostgresServer/ChildProcess.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace volcanion::infrastructure {
namespace {

/// The steps between fork and exec, so that the parent can say which one failed.
enum class Step : int { kFork, kFiles, kUser, kDeathSignal, kExecute };
constexpr std::array<std::string_view, 5> kStepNames = {"forking", "opening its files", "changing the user",
                                                        "asking for the parent-death signal", "executing it"};

struct Failure {
  Step step;
  int error;
};

void Report(int pipe, Step step, int error) {
  const Failure failure{step, error};
  [[maybe_unused]] const ssize_t written = write(pipe, &failure, sizeof failure);
}

/// Becomes the program, or tells `report` why not. Between fork and exec of a process with threads only
/// async-signal-safe functions may be called.
[[noreturn]] void RunChild(const Launch& launch, pid_t parent, char** arguments, int report) {
  static constexpr std::array kEnvironment = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"};
  char* environment[kEnvironment.size() + 1] = {};
  for (std::size_t i = 0; i < kEnvironment.size(); ++i) environment[i] = const_cast<char*>(kEnvironment[i]);

  const auto give_up = [report](Step step) {
    Report(report, step, errno);
    _exit(127);
  };
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setsid();
  umask(077);
  const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (chdir("/") != 0 || input < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(launch.output, STDOUT_FILENO) < 0 ||
      dup2(launch.output, STDERR_FILENO) < 0) {
    give_up(Step::kFiles);
  }
  if (launch.user && !Become(*launch.user)) give_up(Step::kUser);
  // After the change of user, which clears it; and the parent may have died before.
  if (prctl(PR_SET_PDEATHSIG, launch.death_signal) != 0) give_up(Step::kDeathSignal);
  if (getppid() != parent) _exit(127);
  close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  execve(arguments[0], arguments, environment);
  give_up(Step::kExecute);
  _exit(127);
}

}  // namespace

ChildProcess::ChildProcess(Launch launch, std::function<void()> on_exit)
    : launch_(std::move(launch)), on_exit_(std::move(on_exit)) {
  int ends[2] = {-1, -1};  // of a pipe that tells that the program runs, or why it does not
  if (pipe2(ends, O_CLOEXEC) != 0) ThrowSystemError("Cannot make a pipe", errno);
  const FileDescriptor told(ends[0]);
  // The parent-death signal comes when the *thread* that forked ends, not the process: the thread that forks has to be
  // the one that waits for the child.
  keeper_ = std::thread([this, report = FileDescriptor(ends[1])]() mutable { Keep(std::move(report)); });
  Failure failure{};
  ssize_t length = 0;
  do {
    length = read(told.get(), &failure, sizeof failure);  // 0 bytes: exec has closed the other end
  } while (length < 0 && errno == EINTR);
  if (length == 0) return;
  keeper_.join();
  ThrowSystemError("Cannot run " + launch_.program.string() + " (" +
                       std::string(kStepNames[static_cast<std::size_t>(failure.step)]) + ")",
                   failure.error);
}

ChildProcess::~ChildProcess() {
  Signal(SIGKILL);
  keeper_.join();
}

std::optional<pid_t> ChildProcess::Id() const {
  const std::lock_guard lock(mutex_);
  return pid_;
}

void ChildProcess::Signal(int signal) {
  const std::lock_guard lock(mutex_);  // the child is reaped under this lock: its id cannot be another's yet
  if (pid_) kill(*pid_, signal);
}

std::optional<int> ChildProcess::WaitFor(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return status_.has_value(); });
  return status_;
}

void ChildProcess::Keep(FileDescriptor report) {
  std::vector<char*> arguments{const_cast<char*>(launch_.program.c_str())};
  for (std::string& argument : launch_.arguments) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  {
    const std::lock_guard lock(mutex_);
    const pid_t child = fork();
    if (child == 0) RunChild(launch_, parent, arguments.data(), report.get());
    if (child > 0) pid_ = child;
    if (child < 0) Report(report.get(), Step::kFork, errno);
  }
  report.Close();
  if (!pid_) return;  // only this thread changes it

  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(*pid_), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  {
    const std::lock_guard lock(mutex_);
    int status = 0;
    waitpid(*pid_, &status, 0);
    pid_.reset();
    status_ = status;
    changed_.notify_all();
  }
  if (on_exit_) on_exit_();
}

std::string DescribeStatus(int status) {
  if (WIFSIGNALED(status)) return "was ended by signal " + std::to_string(WTERMSIG(status));
  return "ended with exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace volcanion::infrastructure
