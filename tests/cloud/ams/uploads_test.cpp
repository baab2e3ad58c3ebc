// Archives that clients upload: images and addons.
#include <fstream>

#include "tests/cloud/ams/ams_fixture.hpp"

namespace redan::cloud::test {
namespace {

class UploadedImages : public AmsFixture {
 protected:
  UploadedImages() {
    trust("client", trust::Role::operate);
    trust("other", trust::Role::view);
  }
  Answer upload(const std::string& who, const std::string& method, const std::string& path, const std::string& archive,
                const json::object& request, const std::string& fingerprint = {}) {
    std::vector<net::HttpHeader> headers{{"Content-Type", "application/octet-stream"},
                                         {"X-AMS-Request", json::serialize(request)}};
    if (!fingerprint.empty()) headers.push_back({"X-AMS-Fingerprint", fingerprint});
    net::HttpClient client(io, {.server = remote(&net::test::identity(who))});
    const auto response = run(client.request({method, path, "", std::move(headers), archive}));
    if (!response) return {};
    return {response->status, json::parse(response->body)};
  }
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_.path())) {
      if (entry.is_regular_file()) ++count;
    }
    return count;
  }
};

TEST_F(UploadedImages, AreKeptWithTheirVersions) {
  const std::string archive(3'000'000, 'x');  // more than a body may have
  EXPECT_EQ(upload("client", "POST", "/1.0/images", archive, {{"name", "jammy"}, {"default", true}}).status, 202U);
  EXPECT_EQ(upload("client", "PATCH", "/1.0/images/jammy", "second", {}).status, 202U);
  const Answer image = ask("client", "GET", "/1.0/images/jammy");
  ASSERT_EQ(image.status, 200U);
  const json::array& versions = image.metadata().at("versions").as_array();
  ASSERT_EQ(versions.size(), 2U);
  EXPECT_EQ(versions[0].at("size"), 3'000'000);
  EXPECT_EQ(versions[1].at("version"), 1);
  EXPECT_EQ(image.metadata().at("default"), true);
  EXPECT_EQ(files(), 2U);
  EXPECT_EQ(ask("client", "DELETE", "/1.0/images/jammy").status, 202U);
  EXPECT_EQ(ask("client", "GET", "/1.0/images/jammy").status, 404U);
  EXPECT_EQ(files(), 0U);
}

TEST_F(UploadedImages, AWrongFingerprintIsRefusedAndNothingIsKept) {
  EXPECT_EQ(upload("client", "POST", "/1.0/images", "archive", {{"name", "jammy"}}, std::string(64, '0')).status, 400U);
  EXPECT_EQ(ask("client", "GET", "/1.0/images/jammy").status, 404U);
  EXPECT_EQ(files(), 0U);
}

TEST_F(UploadedImages, ACallerWithoutTheScopeUploadsNothing) {
  EXPECT_EQ(upload("other", "POST", "/1.0/images", std::string(3'000'000, 'x'), {{"name", "jammy"}}).status, 413U);
  EXPECT_EQ(upload("other", "POST", "/1.0/images", "small", {{"name", "jammy"}}).status, 403U);
  EXPECT_EQ(files(), 0U);
}

TEST_F(UploadedImages, OneIsTheDefault) {
  EXPECT_EQ(upload("client", "POST", "/1.0/images", "a", {{"name", "one"}, {"default", true}}).status, 202U);
  EXPECT_EQ(upload("client", "POST", "/1.0/images", "b", {{"name", "two"}, {"default", true}}).status, 202U);
  EXPECT_EQ(ask("client", "GET", "/1.0/images/one").metadata().at("default"), false);
  EXPECT_EQ(ask("client", "GET", "/1.0/images/two").metadata().at("default"), true);
}

TEST_F(UploadedImages, AVersionInUseOrTheLastOneStays) {
  EXPECT_EQ(upload("client", "POST", "/1.0/images", "a", {{"name", "one"}}).status, 202U);
  EXPECT_EQ(ask("client", "DELETE", "/1.0/images/one/0").status, 409U);
  EXPECT_EQ(upload("client", "PATCH", "/1.0/images/one", "b", {}).status, 202U);
  EXPECT_EQ(ask("client", "DELETE", "/1.0/images/one/0").status, 202U);
  EXPECT_EQ(ask("client", "DELETE", "/1.0/images/one/7").status, 404U);
  EXPECT_EQ(ask("client", "POST", "/1.0/applications", {{"name", "uses"}, {"image", "one"}}).status, 202U);
  EXPECT_EQ(ask("client", "DELETE", "/1.0/images/one").status, 409U);
  EXPECT_EQ(ask("client", "DELETE", "/1.0/images/one", {{"force", true}}).status, 202U);
}

TEST_F(UploadedImages, NumbersOfVersionsAreNotUsedTwice) {
  EXPECT_EQ(upload("client", "POST", "/1.0/images", "a", {{"name", "one"}}).status, 202U);
  EXPECT_EQ(upload("client", "PATCH", "/1.0/images/one", "b", {}).status, 202U);
  EXPECT_EQ(ask("client", "DELETE", "/1.0/images/one/1").status, 202U);
  EXPECT_EQ(files(), 1U) << "the archive of a deleted version goes";
  EXPECT_EQ(upload("client", "PATCH", "/1.0/images/one", "c", {}).status, 202U);
  const Answer image = ask("client", "GET", "/1.0/images/one");
  EXPECT_EQ(image.metadata().at("versions").as_array().back().at("version"), 2);
}

class ImagesOfInstances : public UploadedImages {
 protected:
  unsigned launch_of(json::object request) {
    launcher_->running.clear();
    const unsigned status = ask("client", "POST", "/1.0/instances", std::move(request)).status;
    EXPECT_TRUE(status != 202 || until([&] { return !launcher_->running.empty(); }));
    return status;
  }
  const ams::LaunchSpec& launched() { return launcher_->running.begin()->second; }
  std::string content() {
    std::ifstream in(launched().image_file);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
};

TEST_F(ImagesOfInstances, AreFilesOfTheirNewestVersionOrOfTheOneThatIsNamed) {
  upload("client", "POST", "/1.0/images", "first", {{"name", "jammy"}});
  upload("client", "PATCH", "/1.0/images/jammy", "second", {});
  const json::value image = ask("client", "GET", "/1.0/images/jammy").metadata();
  ASSERT_EQ(launch_of({{"image_id", "jammy"}}), 202U);
  EXPECT_EQ(content(), "second");
  EXPECT_EQ(launched().image, image.at("versions").at(1).at("fingerprint").as_string());
  const json::value instance = ask("client", "GET", "/1.0/instances/" + launched().id).metadata();
  EXPECT_EQ(instance.at("image_id"), image.at("id"));
  EXPECT_EQ(instance.at("image_version"), 1);
  ASSERT_EQ(launch_of({{"image_id", image.at("id")}, {"image_version", 0}}), 202U);
  EXPECT_EQ(content(), "first");
  EXPECT_EQ(launch_of({{"image_id", "jammy"}, {"image_version", 7}}), 404U);
}

TEST_F(ImagesOfInstances, AreTheDefaultUnlessOneIsNamed) {
  upload("client", "POST", "/1.0/images", "default", {{"name", "usual"}, {"default", true}});
  EXPECT_EQ(ask("client", "POST", "/1.0/applications", {{"name", "plain"}}).status, 202U);
  ASSERT_EQ(launch_of({{"app_id", "plain"}}), 202U);
  EXPECT_EQ(content(), "default");
  ASSERT_EQ(launch_of({{"image_id", "of-the-launcher"}}), 202U);
  EXPECT_EQ(launched().image, "of-the-launcher");
  EXPECT_TRUE(launched().image_file.empty());
}

TEST_F(ImagesOfInstances, ThatAreDeletedAreNotRetained) {
  upload("client", "POST", "/1.0/images", "first", {{"name", "jammy"}});
  upload("client", "PATCH", "/1.0/images/jammy", "second", {});
  EXPECT_TRUE(until([&] { return launcher_->retained.size() == 2; }));
  const json::value image = ask("client", "GET", "/1.0/images/jammy").metadata();
  const std::string second(image.at("versions").at(1).at("fingerprint").as_string());
  EXPECT_EQ(ask("client", "DELETE", "/1.0/images/jammy/0").status, 202U);
  EXPECT_TRUE(until([&] { return launcher_->retained == std::set{second}; }));
  EXPECT_EQ(ask("client", "DELETE", "/1.0/images/jammy").status, 202U);
  EXPECT_TRUE(until([&] { return launcher_->retained.empty(); }));
}

using Applications = UploadedImages;

TEST_F(Applications, TheOldestPublishedVersionIsRevokedBeyondTheLimit) {
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(ask("client", "PATCH", "/1.0/applications/demo", {{"version", "1"}}).status, 202U);
  const auto published = [&](std::size_t index) {
    const Answer demo = ask("client", "GET", "/1.0/applications/demo");
    return demo.metadata().at("versions").at(index).at("published").as_bool();
  };
  EXPECT_FALSE(published(0));
  EXPECT_TRUE(published(1) && published(2) && published(3));
  EXPECT_EQ(ask("client", "PATCH", "/1.0/applications/demo/0", {{"published", true}}).status, 202U);
  EXPECT_TRUE(published(0)) << "the one that was asked for stays";
  EXPECT_FALSE(published(1));
}

TEST_F(Applications, AChangeOfAnotherVersionThanExpectedIsRefused) {
  net::HttpClient client(io, {.server = remote(&net::test::identity("client"))});
  const auto seen = run(client.request({"GET", "/1.0/applications/demo", ""}));
  ASSERT_TRUE(seen);
  const std::string etag(net::find_header(seen->headers, "ETag").value_or(""));
  const auto change = [&] {
    const auto answer =
        run(client.request({"PATCH", "/1.0/applications/demo", "", {{"If-Match", etag}}, R"({"version":"2"})"}));
    return answer ? answer->status : 0U;
  };
  EXPECT_EQ(change(), 202U);
  EXPECT_EQ(change(), 412U);
}

TEST_F(UploadedImages, AnArchiveThatIsNoPackageMakesNoApplication) {
  const Answer refused = upload("client", "POST", "/1.0/applications", "not an archive", {});
  EXPECT_EQ(refused.status, 400U);
  EXPECT_EQ(files(), 0U);
}

}  // namespace
}  // namespace redan::cloud::test
