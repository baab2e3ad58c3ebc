// Bodies that are too large for memory: uploads from clients, and files for them.
#include <sys/mman.h>
#include <unistd.h>

#include <fcntl.h>

#include "tests/net/http/http_fixture.hpp"

namespace redan::net::test {
namespace {

struct CountingUpload final : Upload {
  explicit CountingUpload(std::size_t the_limit) : most(the_limit) {}
  [[nodiscard]] std::size_t limit() const override { return most; }
  [[nodiscard]] bool write(std::string_view piece) override {
    bytes += piece.size();
    largest = std::max(largest, piece.size());
    return bytes <= full_at;
  }
  std::size_t most, bytes = 0, largest = 0, full_at = std::numeric_limits<std::size_t>::max();
};

class HttpUpload : public HttpFixture {
 protected:
  /// Takes bodies of the path /upload.
  void serve_uploads(std::size_t limit) {
    upload = std::make_shared<CountingUpload>(limit);
    HttpServerConfig config;
    config.listen = tls_listener();
    config.max_body = 1000;
    config.max_upload = 10'000'000;
    config.on_upload = [this](const HttpRequest& request, const Connection&) {
      return request.path == "/upload" ? upload : nullptr;
    };
    config.handler = [this](HttpRequest request, const Connection&) -> Task<HttpResponse> {
      HttpResponse response;
      response.body = request.upload ? "uploaded" : "body " + std::to_string(request.body.size());
      handled = true;
      co_return response;
    };
    serve(std::move(config));
  }
  unsigned send(const std::string& path, std::size_t size, std::string& answer) {
    HttpClient client(io, client_config());
    const auto response = run(client.request(post(path, std::string(size, 'x'))));
    if (!response) return 0;
    answer = response->body;
    return response->status;
  }
  std::shared_ptr<CountingUpload> upload;
  bool handled = false;
};

TEST_F(HttpUpload, ReceivesTheBodyInPieces) {
  serve_uploads(5'000'000);
  std::string answer;
  EXPECT_EQ(send("/upload", 5'000'000, answer), 200U);
  EXPECT_EQ(answer, "uploaded");
  EXPECT_EQ(upload->bytes, 5'000'000U);
  EXPECT_LT(upload->largest, 100'000U);
}

TEST_F(HttpUpload, BeyondItsLimitIsRefusedBeforeItIsRead) {
  serve_uploads(5'000'000);
  std::string answer;
  EXPECT_EQ(send("/upload", 5'000'001, answer), 413U);
  EXPECT_EQ(upload->bytes, 0U);
  EXPECT_FALSE(handled);
}

TEST_F(HttpUpload, ARequestThatIsNotUploadedKeepsTheSmallLimit) {
  serve_uploads(5'000'000);
  std::string answer;
  EXPECT_EQ(send("/other", 1000, answer), 200U);
  EXPECT_EQ(answer, "body 1000");
  EXPECT_EQ(send("/other", 1001, answer), 413U);
}

TEST_F(HttpUpload, InChunksIsLimitedWhileItIsRead) {
  serve_uploads(3000);
  std::string chunks = "POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 4; ++i) chunks += "3e8\r\n" + std::string(1000, 'x') + "\r\n";
  const std::string answer = raw(chunks + "0\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413")) << answer.substr(0, 40);
  EXPECT_FALSE(handled);
}

TEST_F(HttpUpload, InChunksArrivesWhole) {
  serve_uploads(4000);
  std::string chunks = "POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 4; ++i) chunks += "3e8\r\n" + std::string(1000, 'x') + "\r\n";
  EXPECT_TRUE(raw(chunks + "0\r\n\r\n").ends_with("uploaded"));
  EXPECT_EQ(upload->bytes, 4000U);
}

TEST_F(HttpUpload, ThatCannotBeStoredIsRefused) {
  serve_uploads(5'000'000);
  upload->full_at = 100'000;
  std::string answer;
  EXPECT_EQ(send("/upload", 1'000'000, answer), 507U);
  EXPECT_FALSE(handled);
}

TEST_F(HttpUpload, CutShortNeverReachesTheHandler) {
  serve_uploads(5'000'000);
  const std::string head = "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n";
  run(raw(std::vector{head + std::string(500, 'x')}, 0ms, 100ms));
  EXPECT_FALSE(handled);
  EXPECT_EQ(upload->bytes, 500U);
}

class HttpFile : public HttpFixture {};

TEST_F(HttpFile, IsSentInsteadOfABody) {
  const redan::test::TemporaryDirectory directory;
  const std::string content(2'000'000, 'y');
  std::ofstream(directory.path() / "file") << content;
  const auto file =
      std::make_shared<const Descriptor>(::open((directory.path() / "file").c_str(), O_RDONLY | O_CLOEXEC));
  HttpServerConfig config;
  config.listen = tls_listener();
  config.handler = [file](HttpRequest, const Connection&) -> Task<HttpResponse> {
    HttpResponse response;
    response.file = file;
    response.file_size = 2'000'000;
    co_return response;
  };
  serve(std::move(config));
  HttpClientConfig large = client_config();
  large.max_body = 4'000'000;
  HttpClient client(io, std::move(large));
  for (int i = 0; i < 2; ++i) {
    const auto response = run(client.request(get("/")));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body, content);
  }
  EXPECT_TRUE(run(client.request({"HEAD", "/", ""}))->body.empty());
}

TEST(QueryNames, AreDecodedAndInTheirOrder) {
  EXPECT_EQ(query_names("a=1&b&%63=2&&=3"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(query_names("").empty());
}

class HttpFileUpload : public HttpUpload {
 protected:
  static std::shared_ptr<const Descriptor> file_of(std::size_t size) {
    const int file = ::memfd_create("body", MFD_CLOEXEC);
    EXPECT_EQ(::ftruncate(file, static_cast<off_t>(size)), 0);
    return std::make_shared<const Descriptor>(file);
  }
  static HttpRequest to(const std::string& path) { return {"POST", path, "", {}, ""}; }
};

TEST_F(HttpFileUpload, SendsTheWholeFile) {
  serve_uploads(10'000'000);
  HttpClient client(io, client_config());
  for (const std::size_t size : {9'000'000, 1}) {
    upload->bytes = 0;
    const auto response = run(client.upload(to("/upload"), file_of(size), size));
    ASSERT_TRUE(response) << response.error().detail;
    EXPECT_EQ(response->body, "uploaded");
    EXPECT_EQ(upload->bytes, size);
  }
}

TEST_F(HttpFileUpload, ReportsWhyTheServerRefusesIt) {
  serve_uploads(1'000'000);
  HttpClient client(io, client_config());
  const auto response = run(client.upload(to("/upload"), file_of(9'000'000), 9'000'000));
  ASSERT_TRUE(response) << response.error().detail;
  EXPECT_EQ(response->status, 413U);
}

TEST_F(HttpFileUpload, OfAFileThatIsTooShortFails) {
  serve_uploads(10'000'000);
  HttpClient client(io, client_config());
  const auto response = run(client.upload(to("/upload"), file_of(1'000'000), 2'000'000));
  EXPECT_TRUE(!response || response->status >= 400);
  EXPECT_FALSE(handled);
}

}  // namespace
}  // namespace redan::net::test
