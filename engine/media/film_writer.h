// Films on their way to disk. Frames go into OUT.part, which stays readable whatever happens; finish() puts it into its final form under
// the final name in one step. Nothing incomplete ever stands under the final name.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace orrery::media {

enum class FilmFormat { mp4, webm, gif };
// By the extension of the name (any case); nullopt for all others.
std::optional<FilmFormat> film_format(const std::string& path);
// By the first bytes of a file; nullopt for all others.
std::optional<FilmFormat> film_format_of_file(const std::string& path);
const char* film_extension(FilmFormat format);  // ".mp4"

struct FilmOptions {
  std::string out;            // .mp4 (H.264), .webm (VP9) or .gif
  int width_px = 0;           // mp4 and webm: even
  int height_px = 0;
  double frames_per_s = 30.0; // gif: at most 50
  int quality = 18;           // 0 to 51, as x264's CRF: smaller is better and larger in bytes
  std::string comment;        // UTF-8, kept in the container's comment tag
};

class FilmWriter {
 public:
  // Throws Error: wrong_use (format, size, rate), failed (an encoder is missing), disk_full.
  explicit FilmWriter(FilmOptions options);
  // Without finish() or discard(), OUT.part stays for recover_film().
  ~FilmWriter();
  FilmWriter(const FilmWriter&) = delete;
  FilmWriter& operator=(const FilmWriter&) = delete;

  // RGBA8, rows from top to bottom; what is transparent is laid on white. Throws Error(disk_full, failed); OUT.part then holds the frames so far.
  void add(const std::uint8_t* rgba, std::size_t stride_bytes);
  void finish();
  // Removes OUT.part.
  void discard();

  std::int64_t frames() const;
  const std::string& part() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Makes a film of an OUT.part that was left behind (the frames that reached the disk), and removes it. Throws Error(bad_input).
void recover_film(const std::string& part, const std::string& out);

// The comment tag of a film of one of the three formats; empty when it has none. Untrusted files are fine. Throws Error(bad_input).
std::string read_film_comment(const std::string& path);

}  // namespace orrery::media
