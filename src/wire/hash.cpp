#include "wire/hash.h"

// The low-level SHA-256 is two to three times faster than EVP for short texts, and its state is a value. The other
// algorithms go through EVP, fetched once per process: OpenSSL 3's implicit fetch costs more than hashing a short text.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstdlib>

#include "wire/encoding.h"

namespace orlop::wire {
namespace {

// A host restricted to FIPS algorithms has no MD5 in its default library context. Content-MD5 is a transport checksum,
// not cryptography, so it then comes from a context of our own, which reads no configuration.
const EVP_MD* fetch(const char* name) {
  if (const EVP_MD* found = EVP_MD_fetch(nullptr, name, nullptr)) return found;
  static OSSL_LIB_CTX* const own = OSSL_LIB_CTX_new();
  const EVP_MD* found = EVP_MD_fetch(own, name, nullptr);
  if (!found) std::abort();  // an OpenSSL without its default provider cannot be worked with
  return found;
}

// Never freed: handles live as long as the process, also for hashing done by destructors of statics.
const EVP_MD* algorithm_of(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::md5: {
      static const EVP_MD* const md5_handle = fetch("MD5");
      return md5_handle;
    }
    case HashAlgorithm::sha1: {
      static const EVP_MD* const sha1_handle = fetch("SHA1");
      return sha1_handle;
    }
    case HashAlgorithm::sha256:
      break;
  }
  static const EVP_MD* const sha256_handle = fetch("SHA256");
  return sha256_handle;
}

HashContext new_context() {
  HashContext context(EVP_MD_CTX_new());
  if (!context) std::abort();  // out of memory
  return context;
}

void require(int success) {
  if (success != 1) std::abort();  // only out of memory makes these calls fail
}

using Sha256Block = std::array<unsigned char, SHA256_CBLOCK>;

Digest finish(SHA256_CTX& state) noexcept {
  std::array<std::byte, SHA256_DIGEST_LENGTH> raw;
  SHA256_Final(reinterpret_cast<unsigned char*>(raw.data()), &state);
  return Digest(raw);
}

SHA256_CTX padded_state(Sha256Block block, unsigned char pad) noexcept {
  for (unsigned char& octet : block) octet ^= pad;
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, block.data(), block.size());
  OPENSSL_cleanse(block.data(), block.size());
  return state;
}

}  // namespace

Digest::Digest(Bytes raw) noexcept : size_(std::min(raw.size(), data_.size())) {
  std::copy_n(raw.begin(), size_, data_.begin());
}
std::string Digest::hex() const { return encode_hex(bytes()); }
std::string Digest::base64() const { return encode_base64(bytes()); }

void HashContextDeleter::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

Hash::Hash(HashAlgorithm algorithm) : context_(new_context()) {
  require(EVP_DigestInit_ex(context_.get(), algorithm_of(algorithm), nullptr));
}

Hash& Hash::update(Bytes bytes) {
  require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
  return *this;
}

Digest Hash::finish() {
  std::array<std::byte, EVP_MAX_MD_SIZE> raw;
  unsigned size = 0;
  require(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(raw.data()), &size));
  return Digest(Bytes(raw).first(size));
}

Digest hash(HashAlgorithm algorithm, Bytes bytes) {
  return algorithm == HashAlgorithm::sha256 ? sha256(bytes) : Hash(algorithm).update(bytes).finish();
}

Digest sha256(Bytes bytes) noexcept {
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, bytes.data(), bytes.size());
  return finish(state);
}

struct HmacSha256::States {
  SHA256_CTX inner;
  SHA256_CTX outer;
  ~States() { OPENSSL_cleanse(this, sizeof *this); }
};

HmacSha256::HmacSha256(std::string_view key) {
  Sha256Block block{};
  const Digest shorter = key.size() > block.size() ? sha256(key) : Digest();  // RFC 2104 section 2
  if (key.size() > block.size()) key = shorter.text();
  std::copy(key.begin(), key.end(), block.begin());
  states_.reset(new States{padded_state(block, 0x36), padded_state(block, 0x5C)});
  OPENSSL_cleanse(block.data(), block.size());
}
HmacSha256::HmacSha256(HmacSha256&&) noexcept = default;
HmacSha256::~HmacSha256() = default;

Digest HmacSha256::sign(std::string_view message) const noexcept {
  SHA256_CTX state = states_->inner;
  SHA256_Update(&state, message.data(), message.size());
  const Digest inner = finish(state);
  state = states_->outer;
  SHA256_Update(&state, inner.bytes().data(), inner.bytes().size());
  return finish(state);
}

Digest hmac_sha1(std::string_view key, std::string_view message) {
  std::array<std::byte, SHA_DIGEST_LENGTH> raw;
  unsigned size = 0;
  const unsigned char* done = HMAC(algorithm_of(HashAlgorithm::sha1), key.data(), static_cast<int>(key.size()),
                                   reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                                   reinterpret_cast<unsigned char*>(raw.data()), &size);
  require(done != nullptr);
  return Digest(raw);
}

bool equal_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace orlop::wire
