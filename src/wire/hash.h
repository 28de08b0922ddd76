// Digests and HMACs over OpenSSL.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "orlop/types.h"

struct evp_md_ctx_st;

namespace orlop::wire {

enum class HashAlgorithm : std::uint8_t { md5, sha1, sha256 };

// The result of a hash: up to 32 bytes, by value.
class Digest {
 public:
  Digest() = default;
  explicit Digest(Bytes raw) noexcept;

  Bytes bytes() const noexcept { return {data_.data(), size_}; }
  std::string_view text() const noexcept { return as_text(bytes()); }
  std::string hex() const;
  std::string base64() const;
  bool operator==(const Digest& other) const noexcept { return text() == other.text(); }

 private:
  std::array<std::byte, 32> data_{};
  std::size_t size_ = 0;
};

struct HashContextDeleter {
  void operator()(evp_md_ctx_st* context) const noexcept;
};
using HashContext = std::unique_ptr<evp_md_ctx_st, HashContextDeleter>;

// A hash of what comes in pieces.
class Hash {
 public:
  explicit Hash(HashAlgorithm algorithm);

  Hash& update(Bytes bytes);
  Hash& update(std::string_view text) { return update(as_bytes(text)); }
  // Once; afterwards the object is of no more use.
  Digest finish();

 private:
  HashContext context_;
};

Digest hash(HashAlgorithm algorithm, Bytes bytes);
Digest sha256(Bytes bytes) noexcept;
inline Digest sha256(std::string_view text) noexcept { return sha256(as_bytes(text)); }
inline Digest md5(Bytes bytes) { return hash(HashAlgorithm::md5, bytes); }

// HMAC-SHA256 (RFC 2104) under one key. Both padded states are computed once, so that a message costs two copies of a
// state, no hashing of the key and no allocation. Const and thread-safe.
class HmacSha256 {
 public:
  explicit HmacSha256(std::string_view key);
  HmacSha256(HmacSha256&&) noexcept;
  ~HmacSha256();

  Digest sign(std::string_view message) const noexcept;

 private:
  struct States;
  std::unique_ptr<States> states_;
};

Digest hmac_sha1(std::string_view key, std::string_view message);

// Whether two texts are equal, in a time that does not depend on where they differ.
bool equal_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace orlop::wire
