"""An index: every behaviour that django-storages tests (reference, section 4), and every trap of S3 and of the base
class (section 7), has tests here, against servers. "parity.*" are scenarios, which run on both sides."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

# What django-storages tests, in our words -> who tests it here. 31 of its tests are about the helpers.
UTILS = {
    "setting: a Django setting": "test_utils.setting parity.names.setting_and_environment",
    # clean_name
    "a plain name": "test_utils.names parity.names.names",
    "a path": "test_utils.clean_name_takes_paths_t57 parity.names.paths",
    "a/../b": "test_utils.names parity.names.names",
    "a trailing slash": "test_utils.names parity.names.names",
    "backslashes": "test_utils.names parity.names.names",
    # safe_join
    "several parts, no base": "test_utils.safe_join_t58 parity.names.joins",
    "parts . and ..": "test_utils.safe_join_t58 parity.names.joins",
    "nothing but .": "test_utils.safe_join_t58 parity.names.joins",
    "a base": "test_utils.safe_join_t58 parity.names.joins",
    "a base with a slash": "test_utils.safe_join_t58 parity.names.joins",
    "escape by ..": "test_utils.safe_join_refuses_what_leaves_the_base_t59 parity.names.joins",
    "escape by an absolute part": "test_utils.safe_join_refuses_what_leaves_the_base_t59 parity.names.joins",
    "a slash at the end": "test_utils.safe_join_t58 parity.names.joins",
    "a slash in between": "test_utils.safe_join_t58 parity.names.joins",
    "colons": "test_utils.safe_join_t58 parity.names.joins",
    "an empty part": "test_utils.safe_join_t58 parity.names.joins",
    "a base and .": "test_utils.safe_join_t58 parity.names.joins",
    "a base, ., a path, .": "test_utils.safe_join_t58 parity.names.joins",
    "nothing at all, or the base alone": "test_utils.safe_join_t58 parity.names.joins",
    # get_available_overwrite_name
    "no limit": "test_utils.overwrite_name_t60 parity.names.overwrite_names",
    "exactly the limit": "test_utils.overwrite_name_t60 parity.names.overwrite_names",
    "below the limit": "test_utils.overwrite_name_t60 parity.names.overwrite_names",
    "one too long": "test_utils.overwrite_name_t60 parity.names.overwrite_names",
    "nothing left": "test_utils.overwrite_name_says_when_nothing_is_left parity.names.overwrite_names",
    ".. inside": "test_utils.overwrite_name_refuses_what_is_no_file_name_t3 parity.names.overwrite_names",
    # ReadBytesWrapper
    "a file of bytes": "test_utils.wrapper_reads_bytes parity.names.readers_of_bytes",
    "a file of text": "test_utils.wrapper_encodes_text parity.names.readers_of_bytes",
    "an encoding it is told": "test_utils.wrapper_takes_the_encoding_it_is_told parity.names.readers_of_bytes",
    "the file's own encoding": "test_utils.wrapper_takes_the_file_s_own_encoding parity.names.readers_of_bytes",
    "else UTF-8": "test_utils.wrapper_encodes_text parity.names.readers_of_bytes",
}

STORAGE = {
    "a profile": "test_settings.what_the_engine_is_told parity.settings.profile_and_keys",
    "client_config": (
        "test_settings.client_config_replaces_three_options_t64 parity.settings.client_config_replaces_three_options"
    ),
    "the unsigned connection": "test_s3_urls.unsigned_urls_t10 parity.urls.unsigned parity.looking.boto3_objects",
    "pickling, used": "test_settings.pickle_after_use_t54 parity.looking.pickles_and_copies",
    "pickling, unused": "test_settings.pickle_t54 parity.looking.pickles_and_copies",
    "a custom domain and slashes": "test_s3_urls.custom_domain parity.urls.custom_domains",
    "save": "test_s3_saving.save_returns_the_clean_name parity.saving.kinds_of_content",
    "save of what cannot seek": "test_traps.what_cannot_be_rewound_is_not_t24 parity.saving.kinds_of_content",
    "the default ACL": "test_s3_parameters.acl_t5 parity.saving.default_acl",
    "an ACL of the parameters beats it": "test_s3_parameters.acl_t5 parity.saving.default_acl",
    "no content type of the content": (
        "test_s3_parameters.content_type_in_order_t19_t20 parity.saving.types_of_the_content"
    ),
    "an encoding by the name": "test_s3_parameters.guessed_types parity.saving.guessed_types",
    "a given type, no encoding": (
        "test_s3_parameters.explicit_type_suppresses_the_guessed_encoding_t19 parity.saving.object_parameters"
    ),
    "both of what cannot seek": "test_traps.what_cannot_be_rewound_is_not_t24 parity.saving.kinds_of_content",
    "gzip on save": "test_s3_parameters.gzip_t21_t22 parity.saving.gzip_is_reproducible",
    "gzip of a content twice": (
        "test_s3_saving.content_can_be_saved_twice_t21_t23 parity.saving.saved_midway_and_twice"
    ),
    "the wrapper can be read": "test_utils.gzip_streams parity.names.gzip_wrapper",
    "text of open(r)": "test_s3_file.bytes_and_text_t32 parity.files.reading_text",
    "open(wb) with parameters": "test_s3_file.writing_beyond_the_buffer_t29 parity.files.writing",
    "the length of a bytearray": "test_s3_file.write_takes_t25 parity.files.what_can_be_written",
    "nothing written, a new name": (
        "test_s3_file.unwritten_makes_an_empty_object_t26 parity.files.opened_and_not_written"
    ),
    "nothing written, a taken name": (
        "test_s3_file.unwritten_makes_an_empty_object_t26 parity.files.opened_and_not_written"
    ),
    "more than the buffer": "test_s3_file.writing_beyond_the_buffer_t29 parity.files.large_writes",
    "exists": "test_s3_storage.exists_t4 parity.looking.exists",
    "exists with a customer key": (
        "test_s3_file.only_some_parameters_go_with_reads_t30 parity.looking.versions_and_customer_parameters"
    ),
    "exists, 404": "test_s3_storage.exists_t4 parity.looking.exists",
    "exists, 403": "test_s3_storage.exists_raises_what_is_no_absence_t6_t67 parity.looking.denied",
    "delete": "test_s3_storage.delete parity.looking.delete",
    "delete, 404": "test_s3_storage.delete parity.looking.delete",
    "delete, 403": "test_s3_storage.exists_raises_what_is_no_absence_t6_t67 parity.looking.denied",
    "listdir of the root": "test_s3_storage.listdir parity.looking.listdir",
    "listdir of a directory": "test_s3_storage.listdir parity.looking.listdir",
    "listdir hides the marker": "test_s3_storage.listdir_hides_the_marker parity.looking.listdir",
    "size": "test_s3_storage.size parity.looking.size_and_time",
    "size, 404": "test_s3_storage.size parity.looking.size_and_time",
    "modified times": "test_s3_storage.modified_time_t53 parity.looking.size_and_time",
    "url": "test_s3_urls.expire_and_method parity.urls.calls",
    "unsigned urls": "test_s3_urls.unsigned_urls_t10 parity.urls.unsigned",
    "url_protocol": "test_s3_urls.url_protocol_option_t14 parity.urls.url_protocol",
    "CloudFront, by one library": "test_s3_urls.cloudfront_t12_t13 parity.cloudfront.calls",
    "CloudFront, by the other": "test_s3_urls.cloudfront_keys_of_both_forms parity.cloudfront.forms_of_the_key",
    "quoting": "test_s3_urls.custom_domain parity.urls.names",
    "names beyond ASCII": "test_s3_urls.v4_urls_t9 parity.urls.names",
    "parameters with a custom domain": "test_s3_urls.custom_domain_parameters_t11 parity.urls.calls",
    "a connection for each thread": (
        "test_s3_processes.threads_share_a_storage_t55 parity.looking.boto3_objects_of_threads"
    ),
    "a location with a leading slash": (
        "test_settings.location_with_a_leading_slash_t59 parity.settings.location_with_a_leading_slash"
    ),
    "settings": "test_settings.option_beats_attribute_beats_setting_t56 parity.settings.sources",
    "attributes and arguments beat settings": (
        "test_settings.option_beats_attribute_beats_setting_t56 parity.settings.sources"
    ),
    "use_threads": "test_settings.use_threads_false parity.settings.use_threads_false",
    "transfer_config": "test_settings.transfer_config_t64 parity.settings.transfer_config_replaces_use_threads",
    "CloudFront's settings": "test_s3_urls.half_a_cloudfront_pair parity.settings.half_a_cloudfront_pair",
    "keys from everywhere": "test_settings.names_in_order_t16_t17 parity.settings.environment",
    "tokens from everywhere": "test_settings.names_in_order_t16_t17 parity.settings.environment",
}

STATIC = {
    "static files are not signed": "test_s3_urls.static_storages_do_not_sign parity.urls.static_storages_do_not_sign",
}
MANIFEST = {
    "nor are those of a manifest": "test_s3_urls.static_storages_do_not_sign parity.urls.static_storages_do_not_sign",
    "a manifest storage saves": (
        "test_django.collectstatic_with_a_manifest test_collectstatic.leaves_what_django_storages_leaves"
    ),
}
FILE = {
    "customer keys go with reads": "test_s3_file.customer_keys_t30 parity.looking.versions_and_customer_parameters",
    "closed, and opened again": "test_s3_file.closed_life_cycle parity.files.reading_again_after_close",
    "a writer opened again": "test_s3_file.a_writer_reopened_starts_anew parity.files.a_writer_reopened",
}
WHOLE = {
    "BytesIO": "test_s3_saving.every_content_arrives_whole parity.saving.kinds_of_content",
    "StringIO": "test_s3_saving.every_content_arrives_whole parity.saving.kinds_of_content",
    "ContentFile of bytes": "test_s3_saving.every_content_arrives_whole parity.saving.kinds_of_content",
    "ContentFile of text": "test_traps.text_is_stored_whole_t2 parity.saving.text_beyond_ascii",
    "a guessed type": "test_s3_parameters.guessed_types parity.saving.guessed_types",
    "a type of the content": "test_s3_parameters.content_type_in_order_t19_t20 parity.saving.types_of_the_content",
    "the default type": "test_s3_parameters.content_type_in_order_t19_t20 parity.saving.guessed_types",
    "newlines": "test_s3_file.bytes_and_text_t32 parity.files.reading_text",
}
NAMES = {"old names": "test_settings.old_names parity.settings.import_names"}

S3 = (STORAGE, STATIC, MANIFEST, FILE, WHOLE, NAMES)
TRAPS = [*range(1, 33), *range(52, 61), *range(62, 68)]


def test_the_numbers_are_those_of_the_reference():
    assert len(UTILS) == 31
    assert [len(part) for part in S3] == [53, 1, 2, 3, 8, 1]


@cache
def names_in(path):
    return set(re.findall(r"^def (\w+)\(", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize(
    "behaviour", [line for part in (UTILS, *S3) for line in part.items()], ids=lambda line: line[0]
)
def test_every_behaviour_has_its_tests(behaviour):
    for test in behaviour[1].split():
        *parity, module, name = test.split(".")
        path = TESTS / "parity" / "scenarios" / f"{module}.py" if parity else TESTS / f"{module}.py"
        assert (name if parity else f"test_{name}") in names_in(path), f"{test} is gone: put its successor here"


@pytest.mark.parametrize("number", TRAPS)
def test_every_trap_has_a_test_that_names_it(number):
    named = re.compile(rf"^test_\w*_t{number}(_|$)")
    assert [name for path in TESTS.glob("test_*.py") for name in names_in(path) if named.match(name)]
