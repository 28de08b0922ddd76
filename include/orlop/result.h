// Result<T>: a value or an Error, with std::expected's names (C++20 has no std::expected; see docs/decisions/0003).
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "orlop/error.h"

namespace orlop {

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  template <class U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> && !std::is_same_v<std::remove_cvref_t<U>, Result>)
      Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  // Undefined without a value; check first, or use value().
  T& operator*() & noexcept { return *std::get_if<0>(&state_); }
  const T& operator*() const& noexcept { return *std::get_if<0>(&state_); }
  T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() noexcept { return std::get_if<0>(&state_); }
  const T* operator->() const noexcept { return std::get_if<0>(&state_); }

  // Throws StorageError when there is no value.
  T& value() & { return check(), **this; }
  const T& value() const& { return check(), **this; }
  T&& value() && { return check(), std::move(**this); }

  template <class U>
  T value_or(U&& other) const& {
    return has_value() ? **this : static_cast<T>(std::forward<U>(other));
  }

  // Undefined when there is a value.
  Error& error() & noexcept { return *std::get_if<1>(&state_); }
  const Error& error() const& noexcept { return *std::get_if<1>(&state_); }
  Error&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

 private:
  void check() const {
    if (!has_value()) throw StorageError(error());
  }

  std::variant<T, Error> state_;
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
