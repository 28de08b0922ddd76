// The certificate authorities a TLS connection trusts, as OpenSSL stores that many connections share.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "orlop/result.h"

struct x509_store_st;

namespace orlop::net {

// Loads each file once and keeps it: parsing the usual bundle costs 30 ms, more than all the rest of a first request.
// Thread-safe.
class TrustStores {
 public:
  TrustStores() = default;
  ~TrustStores();
  TrustStores(const TrustStores&) = delete;
  TrustStores& operator=(const TrustStores&) = delete;

  // The store for `ca_file` (a PEM file or a directory of hashed links; empty: the system's). Owned by this object.
  // Errors: config_invalid, naming ca_file.
  Result<x509_store_st*> get(const std::string& ca_file);

 private:
  std::mutex mutex_;
  std::map<std::string, x509_store_st*> stores_;
};

}  // namespace orlop::net
