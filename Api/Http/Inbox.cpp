#include "Api/Http/Inbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace volcanion::api {

namespace {

int NewEventFd() {
  const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "cannot make an event descriptor");
  return fd;
}

}  // namespace

AcceptedSocket::AcceptedSocket(AcceptedSocket&& other) noexcept
    : place(std::move(other.place)), refused(other.refused), fd_(other.Release()), peer_(other.peer_) {}

AcceptedSocket& AcceptedSocket::operator=(AcceptedSocket&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    place = std::move(other.place);
    refused = other.refused;
    fd_ = other.Release();
    peer_ = other.peer_;
  }
  return *this;
}

AcceptedSocket::~AcceptedSocket() {
  if (fd_ >= 0) ::close(fd_);
}

Inbox::Inbox() : event_fd_(NewEventFd()) {}

Inbox::~Inbox() { ::close(event_fd_); }

template <typename Put>
void Inbox::PostWith(Put put) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  put(mail_);
  if (!std::exchange(told_, true)) ::eventfd_write(event_fd_, 1);
}

// The reply that is not taken must not die under the lock: its destructor may lead anywhere, even back here.
void Inbox::Post(Reply reply) {
  PostWith([&reply](Mail& mail) { mail.replies.push_back(std::move(reply)); });
}

void Inbox::Post(AcceptedSocket socket) {
  PostWith([&socket](Mail& mail) { mail.sockets.push_back(std::move(socket)); });
}

void Inbox::Post(Order order) {
  PostWith([order](Mail& mail) { mail.order = order; });
}

void Inbox::Wake() {
  PostWith([](Mail&) {});
}

void Inbox::Take(Mail& mail) {
  // Emptied before the mail is taken: a post that comes between leaves at worst a wake-up for nothing, never mail
  // without a wake-up.
  eventfd_t ignored;
  ::eventfd_read(event_fd_, &ignored);
  const std::lock_guard lock(mutex_);
  told_ = false;
  const Order order = mail_.order;  // stays in force
  std::swap(mail.replies, mail_.replies);
  std::swap(mail.sockets, mail_.sockets);
  mail.order = order;
}

void Inbox::Close() {
  Mail dropped;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  std::swap(dropped, mail_);
}

}  // namespace volcanion::api
