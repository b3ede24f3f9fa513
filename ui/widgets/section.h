// A heading that folds what is under it away. Whether it is folded is remembered by its id.
#pragma once

#include <QVBoxLayout>
#include <QWidget>

namespace orrery::ui {

class SectionHeader;

class Section : public QWidget {
  Q_OBJECT

 public:
  // `id` is the settings key ("" to forget); the chevron, Space and Enter fold.
  Section(const QString& title, const QString& id, QWidget* parent = nullptr);

  QVBoxLayout* body() const { return body_; }
  void addWidget(QWidget* widget) { body_->addWidget(widget); }
  bool folded() const { return folded_; }
  void setFolded(bool folded);
  void setTitle(const QString& title);
  void setNote(const QString& note);  // dim text at the right end of the heading
  void addHeaderWidget(QWidget* widget);

 Q_SIGNALS:
  void foldedChanged(bool folded);

 private:
  QString id_;
  SectionHeader* header_;
  QWidget* content_;
  QVBoxLayout* body_;
  bool folded_ = false;
};

}  // namespace orrery::ui
