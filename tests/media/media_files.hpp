// Small media files for tests.
#pragma once

#include <redan/types.hpp>
#include <string_view>
#include <vector>

namespace redan::test {

using FileBytes = std::vector<std::uint8_t>;

template <std::size_t N>
void put_little_endian(FileBytes& file, std::uint64_t value) {
  for (std::size_t i = 0; i < N; ++i) file.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}
inline void put_text(FileBytes& file, std::string_view text) { file.insert(file.end(), text.begin(), text.end()); }

/// IVF with a clock of 30 units per second: one per frame.
inline FileBytes make_ivf(const std::vector<FileBytes>& frames, std::uint16_t width = 640, std::uint16_t height = 480) {
  FileBytes file;
  put_text(file, "DKIF");
  put_little_endian<2>(file, 0);
  put_little_endian<2>(file, 32);
  put_text(file, "VP80");
  put_little_endian<2>(file, width);
  put_little_endian<2>(file, height);
  put_little_endian<4>(file, 30);
  put_little_endian<4>(file, 1);
  put_little_endian<8>(file, frames.size());
  for (std::size_t i = 0; i < frames.size(); ++i) {
    put_little_endian<4>(file, frames[i].size());
    put_little_endian<8>(file, i);
    file.insert(file.end(), frames[i].begin(), frames[i].end());
  }
  return file;
}

/// One Ogg page.
inline FileBytes make_ogg_page(const FileBytes& lacing, const FileBytes& body, std::uint8_t flags = 0,
                               std::uint32_t serial = 1) {
  FileBytes page;
  put_text(page, "OggS");
  page.push_back(0);
  page.push_back(flags);
  put_little_endian<8>(page, 0);
  put_little_endian<4>(page, serial);
  put_little_endian<4>(page, 0);
  put_little_endian<4>(page, 0);
  page.push_back(static_cast<std::uint8_t>(lacing.size()));
  page.insert(page.end(), lacing.begin(), lacing.end());
  page.insert(page.end(), body.begin(), body.end());
  return page;
}
/// Ogg Opus, one packet per page.
inline FileBytes make_ogg(const std::vector<FileBytes>& packets, std::uint32_t serial = 1) {
  FileBytes file;
  const auto add = [&](const FileBytes& packet, std::uint8_t flags) {
    FileBytes lacing(packet.size() / 255, 255);
    lacing.push_back(static_cast<std::uint8_t>(packet.size() % 255));
    const FileBytes page = make_ogg_page(lacing, packet, flags, serial);
    file.insert(file.end(), page.begin(), page.end());
  };
  FileBytes head, tags;
  put_text(head, "OpusHead");
  head.insert(head.end(), {1, 1, 0, 0, 0x80, 0xBB, 0, 0, 0, 0, 0});
  put_text(tags, "OpusTags");
  put_little_endian<8>(tags, 0);
  add(head, 2);
  add(tags, 0);
  for (const FileBytes& packet : packets) add(packet, 0);
  return file;
}

}  // namespace redan::test
