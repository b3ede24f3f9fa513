// Containers of films, for the film writer: from OUT.part to the film, and comments. Not for others.
#pragma once

#include <string>

#include "engine/media/film_writer.h"

namespace orrery::media {

// FFmpeg and its encoders talk on stderr; what matters comes back as errors.
void quiet_ffmpeg();

// Throws Error saying what could not be done with which file, and where the frames so far are.
[[noreturn]] void refuse_film(const std::string& what, int av_error, const std::string& safe);

// Copies the packets of `part` into a film at `out` (index in front, comment kept), or nothing at all. Works on parts that break off.
void remux_film(const std::string& part, const std::string& out, FilmFormat format);

// Copies the frames of a GIF, with `comment` as a comment extension in front of them (none when empty), and ends it properly.
void finish_gif(const std::string& part, const std::string& out, const std::string& comment);
// The first comment extension of a GIF; empty when there is none. Throws Error(bad_input).
std::string gif_comment(const std::string& path);

}  // namespace orrery::media
