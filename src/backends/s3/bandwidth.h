// The bandwidth limit of a storage, put between an object's content and the transport.
#pragma once

#include <memory>

#include "backends/s3/body.h"
#include "engine/bandwidth.h"
#include "net/http.h"

namespace orlop::s3 {

using SharedBandwidth = std::shared_ptr<engine::Bandwidth>;  // null: no limit

// The waiting happens in read(), where neither a stalled nor a silent service is looked for.
void limit_upload(UploadBody& body, const Context& context, const SharedBandwidth& bandwidth);
std::unique_ptr<net::HttpResponse> limit_download(std::unique_ptr<net::HttpResponse> response, const Context& context,
                                                  const SharedBandwidth& bandwidth);

}  // namespace orlop::s3
