// Small makers of labels and buttons, so that every text is plain text, every button has a name and its tool tip names the shortcut.
#pragma once

#include <QAbstractButton>
#include <QKeySequence>
#include <QLabel>
#include <QPushButton>
#include <QToolButton>

namespace orrery::ui {

// role: "", "dim", "small", "heading", "title", "danger" (see style_sheet.cpp). Foreign text is never taken for HTML.
QLabel* makeLabel(const QString& text, const char* role = "", QWidget* parent = nullptr);
QLabel* makeWrappedLabel(const QString& text, const char* role = "", QWidget* parent = nullptr);
// A flat button that shows only an icon. `name` is what it does: tool tip and accessible name.
QToolButton* makeIconButton(const QString& icon_name, const QString& name, const QKeySequence& shortcut = {}, QWidget* parent = nullptr);
// role: "", "primary", "danger", "link", "flat".
QPushButton* makeButton(const QString& text, const char* role = "", QWidget* parent = nullptr);
// "Undo (Ctrl+Z)".
QString withShortcut(const QString& text, const QKeySequence& shortcut);
void setRole(QWidget* widget, const char* role);  // changes the look at once

// A label that cuts its text with an ellipsis instead of asking for room; the whole text is its tool tip then.
class ElidedLabel : public QLabel {
  Q_OBJECT

 public:
  explicit ElidedLabel(const QString& text = {}, QWidget* parent = nullptr, Qt::TextElideMode mode = Qt::ElideRight);
  QSize minimumSizeHint() const override;
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  Qt::TextElideMode mode_;
};

}  // namespace orrery::ui
