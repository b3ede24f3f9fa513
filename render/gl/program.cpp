#include "render/gl/program.h"

#include <QFile>

namespace orrery::render {
namespace {

QByteArray sourceOf(const QString& name) {
  QFile file(QStringLiteral(":/shaders/%1.glsl").arg(name));
  if (!file.open(QIODevice::ReadOnly)) throw GlError(QStringLiteral("the shader %1 is missing from the program").arg(name));
  return file.readAll();
}

GLuint compile(Gl& gl, GLenum stage, const QByteArray& source, const QString& name) {
  const GLuint shader = gl.glCreateShader(stage);
  const char* text = source.constData();
  const GLint length = static_cast<GLint>(source.size());
  gl.glShaderSource(shader, 1, &text, &length);
  gl.glCompileShader(shader);
  GLint ok = GL_FALSE;
  gl.glGetShaderiv(shader, GL_COMPILE_STATUS, &ok);
  if (ok == GL_TRUE) return shader;
  char log[2048] = {};
  gl.glGetShaderInfoLog(shader, sizeof(log), nullptr, log);
  gl.glDeleteShader(shader);
  throw GlError(QStringLiteral("the shader %1 does not compile: %2").arg(name, QString::fromUtf8(log)));
}

}  // namespace

Program::Program(Gl& gl, const QString& vertex, const QString& fragment, const QStringList& defines) : gl_(&gl) {
  QByteArray fragment_source = sourceOf(fragment);
  if (!fragment_source.startsWith("#version")) {
    QByteArray head = "#version 450 core\n";
    for (const auto& define : defines) head += "#define " + define.toLatin1() + "\n";
    fragment_source = head + fragment_source;
  }
  const GLuint v = compile(gl, GL_VERTEX_SHADER, sourceOf(vertex), vertex);
  GLuint f = 0;
  try {
    f = compile(gl, GL_FRAGMENT_SHADER, fragment_source, fragment);
  } catch (...) {
    gl.glDeleteShader(v);
    throw;
  }
  id_ = gl.glCreateProgram();
  gl.glAttachShader(id_, v);
  gl.glAttachShader(id_, f);
  gl.glLinkProgram(id_);
  gl.glDeleteShader(v);
  gl.glDeleteShader(f);
  GLint ok = GL_FALSE;
  gl.glGetProgramiv(id_, GL_LINK_STATUS, &ok);
  if (ok != GL_TRUE) throw GlError(QStringLiteral("the shaders %1 and %2 do not link").arg(vertex, fragment));
}

Program::~Program() {
  if (id_) gl_->glDeleteProgram(id_);
}

}  // namespace orrery::render
