#include "net/trust.h"

#include <openssl/x509_vfy.h>

#include <array>
#include <cctype>
#include <filesystem>
#include <memory>
#include <string_view>

namespace orlop::net {
namespace {

namespace fs = std::filesystem;

using Store = std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)>;

// "5ed36f99.0": OpenSSL looks a certificate up by the hash of its subject (openssl-rehash(1)).
bool is_hashed_link(std::string_view name) noexcept {
  return name.size() >= 10 && name[8] == '.' && std::isdigit(static_cast<unsigned char>(name[9])) &&
         name.find_first_not_of("0123456789abcdef") == 8;
}

bool has_hashed_links(const fs::path& directory) {
  std::error_code ignored;
  for (fs::directory_iterator entry(directory, ignored), end; !ignored && entry != end; entry.increment(ignored))
    if (is_hashed_link(entry->path().filename().native())) return true;
  return false;
}

bool add_directory(X509_STORE* store, const fs::path& directory) {
  return X509_STORE_load_path(store, directory.c_str()) == 1;
}

bool add_file(X509_STORE* store, const fs::path& file) { return X509_STORE_load_file(store, file.c_str()) == 1; }

// Where distributions keep their authorities; a library linked statically cannot know at build time. A directory of
// hashed links is read one certificate at a time, when needed, hence first.
bool add_system(X509_STORE* store) {
  constexpr std::array directories{"/etc/ssl/certs", "/etc/pki/tls/certs"};
  constexpr std::array files{
      "/etc/ssl/certs/ca-certificates.crt",  // Debian, Alpine, Arch
      "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora
      "/etc/ssl/ca-bundle.pem",              // SUSE
      "/etc/ssl/cert.pem",                   // Alpine, BSD, macOS
  };
  for (const char* directory : directories)
    if (has_hashed_links(directory)) return add_directory(store, directory);
  std::error_code ignored;
  for (const char* file : files)
    if (fs::is_regular_file(file, ignored)) return add_file(store, file);
  return X509_STORE_set_default_paths(store) == 1;
}

bool add(X509_STORE* store, const std::string& ca_file) {
  if (ca_file.empty()) return add_system(store);
  std::error_code ignored;
  return fs::is_directory(ca_file, ignored) ? add_directory(store, ca_file) : add_file(store, ca_file);
}

Error unreadable(const std::string& ca_file) {
  if (ca_file.empty())
    return Error(Code::config_invalid, "the system has no list of trusted certificate authorities; set ca_file to one");
  return Error(Code::config_invalid, "ca_file " + ca_file + " is not a readable file of PEM certificates");
}

}  // namespace

TrustStores::~TrustStores() {
  for (const auto& [file, store] : stores_) X509_STORE_free(store);
}

Result<x509_store_st*> TrustStores::get(const std::string& ca_file) {
  const std::lock_guard lock(mutex_);
  if (const auto found = stores_.find(ca_file); found != stores_.end()) return found->second;
  Store store(X509_STORE_new(), &X509_STORE_free);
  if (!store || !add(store.get(), ca_file)) return unreadable(ca_file);
  // A private authority is often given as an intermediate certificate or the server's own; either is an anchor.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  return stores_[ca_file] = store.release();
}

}  // namespace orlop::net
