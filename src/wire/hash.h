// Digests and HMACs over OpenSSL. The algorithms are fetched once per process: OpenSSL 3's implicit fetch costs more
// than hashing a short text.
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
  Bytes bytes() const noexcept { return {data_.data(), size_}; }
  std::string_view text() const noexcept { return as_text(bytes()); }
  std::string hex() const;
  std::string base64() const;
  bool operator==(const Digest& other) const noexcept { return text() == other.text(); }

 private:
  friend class Hash;
  std::array<std::byte, 32> data_{};
  std::size_t size_ = 0;
};

struct HashContextDeleter {
  void operator()(evp_md_ctx_st* context) const noexcept;
};
using HashContext = std::unique_ptr<evp_md_ctx_st, HashContextDeleter>;

class Hash {
 public:
  explicit Hash(HashAlgorithm algorithm);
  // Goes on from a prepared state, which stays as it is.
  explicit Hash(const evp_md_ctx_st* prepared);

  Hash& update(Bytes bytes);
  Hash& update(std::string_view text) { return update(as_bytes(text)); }
  // Once; afterwards the object is of no more use.
  Digest finish();

 private:
  HashContext context_;
};

Digest hash(HashAlgorithm algorithm, Bytes bytes);
inline Digest sha256(std::string_view text) { return hash(HashAlgorithm::sha256, as_bytes(text)); }
inline Digest sha256(Bytes bytes) { return hash(HashAlgorithm::sha256, bytes); }
inline Digest md5(Bytes bytes) { return hash(HashAlgorithm::md5, bytes); }

// HMAC (RFC 2104) under one key. Both padded states are computed once, so that a message costs two copies of a state
// and no hashing of the key. Const and thread-safe.
class Hmac {
 public:
  Hmac(HashAlgorithm algorithm, Bytes key);
  Hmac(HashAlgorithm algorithm, std::string_view key) : Hmac(algorithm, as_bytes(key)) {}

  Digest sign(Bytes message) const;
  Digest sign(std::string_view message) const { return sign(as_bytes(message)); }

 private:
  HashContext inner_;
  HashContext outer_;
};

// Whether two texts are equal, in a time that does not depend on where they differ.
bool equal_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace orlop::wire
