// Addresses and forms that others can use.
#pragma once

#include <memory>

#include "backends/s3/client.h"
#include "engine/fork_mutex.h"
#include "orlop/driver/driver.h"

namespace orlop::s3 {

// What the addresses of many keys have in common, kept from one to the next: pages name many files in one second.
class PresignMemo {
 public:
  struct Common;
  std::shared_ptr<const Common> get() const;
  void set(std::shared_ptr<const Common> common);

 private:
  mutable engine::ForkMutex mutex_;
  std::shared_ptr<const Common> common_;
};

Result<Presigned> presign_request(Client& client, PresignMemo& memo, const Context& context,
                                  const PresignRequest& request);
Result<std::string> public_address(Client& client, std::string_view key);

}  // namespace orlop::s3
