// The operations. Each is documented at https://docs.aws.amazon.com/AmazonS3/latest/API/API_<Name>.html
#pragma once

#include "server/operation.h"
#include "server/xml.h"

namespace orlop::server::ops {

Result<Reply> list_buckets(Call& call);

Result<Reply> create_bucket(Call& call);
Result<Reply> delete_bucket(Call& call);
Result<Reply> head_bucket(Call& call);
Result<Reply> get_bucket_location(Call& call);
Result<Reply> get_bucket_versioning(Call& call);
Result<Reply> get_bucket_acl(Call& call);
Result<Reply> put_bucket_acl(Call& call);
Result<Reply> get_bucket_tagging(Call& call);
Result<Reply> put_bucket_tagging(Call& call);
Result<Reply> delete_bucket_tagging(Call& call);

Result<Reply> list_objects(Call& call);
Result<Reply> list_objects_v2(Call& call);
Result<Reply> delete_objects(Call& call);
Result<Reply> post_object(Call& call);

Result<Reply> get_object(Call& call);
Result<Reply> head_object(Call& call);
Result<Reply> put_object(Call& call);
Result<Reply> delete_object(Call& call);
Result<Reply> copy_object(Call& call);

Result<Reply> get_object_attributes(Call& call);
Result<Reply> get_object_tagging(Call& call);
Result<Reply> put_object_tagging(Call& call);
Result<Reply> delete_object_tagging(Call& call);
Result<Reply> get_object_acl(Call& call);
Result<Reply> put_object_acl(Call& call);

Result<Reply> create_multipart_upload(Call& call);
Result<Reply> upload_part(Call& call);
Result<Reply> upload_part_copy(Call& call);
Result<Reply> complete_multipart_upload(Call& call);
Result<Reply> abort_multipart_upload(Call& call);
Result<Reply> list_parts(Call& call);
Result<Reply> list_multipart_uploads(Call& call);

}  // namespace orlop::server::ops
