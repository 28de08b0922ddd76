#include "wire/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstdlib>

#include "wire/encoding.h"

namespace orlop::wire {
namespace {

// Every SHA-1, SHA-256 and MD5 block is 64 bytes (FIPS 180-4 section 1, RFC 1321 section 3.4).
constexpr std::size_t block_size = 64;

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

HashContext padded_state(HashAlgorithm algorithm, Bytes key, unsigned char pad) {
  std::array<unsigned char, block_size> block;
  block.fill(pad);
  for (std::size_t i = 0; i < key.size(); ++i) block[i] ^= std::to_integer<unsigned char>(key[i]);
  HashContext context = new_context();
  require(EVP_DigestInit_ex(context.get(), algorithm_of(algorithm), nullptr));
  require(EVP_DigestUpdate(context.get(), block.data(), block.size()));
  OPENSSL_cleanse(block.data(), block.size());
  return context;
}

}  // namespace

std::string Digest::hex() const { return encode_hex(bytes()); }
std::string Digest::base64() const { return encode_base64(bytes()); }

void HashContextDeleter::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

Hash::Hash(HashAlgorithm algorithm) : context_(new_context()) {
  require(EVP_DigestInit_ex(context_.get(), algorithm_of(algorithm), nullptr));
}

Hash::Hash(const evp_md_ctx_st* prepared) : context_(new_context()) {
  require(EVP_MD_CTX_copy_ex(context_.get(), prepared));
}

Hash& Hash::update(Bytes bytes) {
  require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
  return *this;
}

Digest Hash::finish() {
  Digest digest;
  unsigned size = 0;
  require(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data_.data()), &size));
  digest.size_ = size;
  return digest;
}

Digest hash(HashAlgorithm algorithm, Bytes bytes) { return Hash(algorithm).update(bytes).finish(); }

Hmac::Hmac(HashAlgorithm algorithm, Bytes key) {
  if (key.size() > block_size) {  // RFC 2104 section 2
    const Digest shorter = hash(algorithm, key);
    *this = Hmac(algorithm, shorter.bytes());
    return;
  }
  inner_ = padded_state(algorithm, key, 0x36);
  outer_ = padded_state(algorithm, key, 0x5C);
}

Digest Hmac::sign(Bytes message) const {
  const Digest inner = Hash(inner_.get()).update(message).finish();
  return Hash(outer_.get()).update(inner.bytes()).finish();
}

bool equal_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace orlop::wire
