// Result<T>: a value or an Error, with std::expected's names (C++20 has no std::expected; see docs/decisions/0003).
#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "orlop/error.h"

namespace orlop {

// A union and not a std::variant, which more than doubles what every function that returns one costs to compile.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : has_value_(true) { std::construct_at(std::addressof(value_), std::move(value)); }
  Result(Error error) : has_value_(false) { std::construct_at(&error_, std::move(error)); }
  template <class U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> && !std::is_same_v<std::remove_cvref_t<U>, Result>)
      Result(U&& value)
      : has_value_(true) {
    std::construct_at(std::addressof(value_), std::forward<U>(value));
  }

  Result(const Result& other) requires std::is_copy_constructible_v<T> { take(other); }
  Result(Result&& other) noexcept { take(std::move(other)); }
  Result& operator=(const Result& other) requires std::is_copy_constructible_v<T> { return *this = Result(other); }
  Result& operator=(Result&& other) noexcept {
    if (this == &other) return *this;
    drop();
    take(std::move(other));
    return *this;
  }
  ~Result() { drop(); }

  bool has_value() const noexcept { return has_value_; }
  explicit operator bool() const noexcept { return has_value_; }

  // Undefined without a value; check first, or use value().
  T& operator*() & noexcept { return value_; }
  const T& operator*() const& noexcept { return value_; }
  T&& operator*() && noexcept { return std::move(value_); }
  T* operator->() noexcept { return std::addressof(value_); }
  const T* operator->() const noexcept { return std::addressof(value_); }

  // Throws StorageError when there is no value. Of a temporary it is the value itself and not, as std::expected's, a
  // reference into what is about to go: `for (auto& x : f().value())` is safe.
  T& value() & { return check(), value_; }
  const T& value() const& { return check(), value_; }
  T value() && { return check(), std::move(value_); }

  template <class U>
  T value_or(U&& other) const& {
    return has_value_ ? value_ : static_cast<T>(std::forward<U>(other));
  }

  // Undefined when there is a value.
  Error& error() & noexcept { return error_; }
  const Error& error() const& noexcept { return error_; }
  Error&& error() && noexcept { return std::move(error_); }

 private:
  static_assert(std::is_nothrow_move_constructible_v<T>);

  template <class Other>
  void take(Other&& other) {
    has_value_ = other.has_value_;
    if (has_value_)
      std::construct_at(std::addressof(value_), *std::forward<Other>(other));
    else
      std::construct_at(&error_, std::forward<Other>(other).error());
  }
  void drop() noexcept {
    if (has_value_)
      std::destroy_at(std::addressof(value_));
    else
      std::destroy_at(&error_);
  }
  void check() const {
    if (!has_value_) throw StorageError(error_);
  }

  bool has_value_;
  union {
    T value_;
    Error error_;
  };
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const {
    if (error_) throw StorageError(*error_);
  }
  Error& error() & noexcept { return *error_; }
  const Error& error() const& noexcept { return *error_; }
  Error&& error() && noexcept { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

#define ORLOP_CONCAT_(a, b) a##b
#define ORLOP_CONCAT(a, b) ORLOP_CONCAT_(a, b)

// Returns the error of `expression` from the enclosing function, or goes on.
#define ORLOP_TRY(expression)                                                              \
  do {                                                                                     \
    if (auto orlop_try_ = (expression); !orlop_try_) return std::move(orlop_try_).error(); \
  } while (false)

// `ORLOP_ASSIGN(auto x, f())`: x is f()'s value, or f()'s error is returned from the enclosing function.
#define ORLOP_ASSIGN(declaration, expression) \
  ORLOP_ASSIGN_(ORLOP_CONCAT(orlop_result_, __LINE__), declaration, expression)
#define ORLOP_ASSIGN_(result, declaration, expression) \
  auto result = (expression);                          \
  if (!result) return std::move(result).error();       \
  declaration = *std::move(result)

}  // namespace orlop
