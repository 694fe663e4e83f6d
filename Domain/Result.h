#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace volcanion::domain {

/// Why an operation could not be done, as far as a caller can react to it. Api/Middleware/Problem.h maps each kind to
/// one status.
enum class ErrorKind {
  kMalformed,         ///< the input cannot be read at all
  kInvalid,           ///< the input can be read and breaks a rule
  kUnauthenticated,   ///< nobody, or nobody we know
  kForbidden,         ///< known, but not allowed
  kNotFound,          ///< does not exist, or belongs to somebody else
  kConflict,          ///< contradicts what exists
  kChangedMeanwhile,  ///< is not as the caller last saw it
  kTooLarge,          ///< over a limit
  kUnsupportedMedia,  ///< a media type or encoding that is not taken
  kTooManyAttempts,   ///< failed too often lately; try again in some minutes
  kUnavailable,       ///< try again later: a dependency is away, or a queue is full
  kInternal,          ///< a defect of ours
};

/// One fault of one place in an input.
struct Fault {
  std::string pointer;  ///< JSON Pointer (RFC 6901) into the input; empty for the input as a whole
  std::string code;     ///< stable, snake_case, for programs
  std::string message;  ///< a sentence for people; says what to do
};

struct Error {
  ErrorKind kind;
  std::string message;
  std::vector<Fault> faults = {};
};

/// A value, or the reason why there is none. Expected failures travel like this; exceptions are for defects.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /// The value; only where ok().
  T& value() & { return assert(ok()), *std::get_if<0>(&state_); }
  const T& value() const& { return assert(ok()), *std::get_if<0>(&state_); }
  T&& value() && { return assert(ok()), std::move(*std::get_if<0>(&state_)); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }

  /// The error; only where !ok().
  Error& error() & { return assert(!ok()), *std::get_if<1>(&state_); }
  const Error& error() const& { return assert(!ok()), *std::get_if<1>(&state_); }
  Error&& error() && { return assert(!ok()), std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value.
struct Done {};

}  // namespace volcanion::domain
