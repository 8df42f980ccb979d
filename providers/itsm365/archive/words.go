package archive

// texts are those of the page, by language.
var texts = map[string]map[string]string{
	"en": {
		"title": "ITSM 365 archive", "noscript": "This page needs JavaScript. It loads nothing but the files beside it.",
		"search": "Search by number, title or text", "hint": "Finds what has all the words, or words that begin with them.", "find": "Find",
		"found": "found", "nothing": "Nothing found.", "more": "Show more", "state": "State", "date": "Created", "number": "Number",
		"name": "Title", "comments": "Comments", "private": "internal", "files": "Files", "system": "system", "absent": "not in the archive",
		"careful": "a file of this type may run something; open it from the folder with care", "yes": "yes", "no": "no", "other": "Other attributes",
		"summary": "Archive of {tenant}, begun {started}: {objects} objects, {files} files. Dates are in the zone {zone}.", "gaps": "{unreadable} things could not be read: see MANIFEST.json.",
		"export": "The configuration export is {path}: {parts} files, {bytes} bytes, of {date}. Open it from the folder, in an editor.",
		"short":  "Type at least two letters or digits.", "missing": "The file {file} is missing. Is the archive whole? sha256sum -c SHA256SUMS tells.",
	},
	"ru": {
		"title": "Архив ITSM 365", "noscript": "Странице нужен JavaScript. Она загружает только файлы рядом с собой.",
		"search": "Поиск по номеру, теме или тексту", "hint": "Находит то, где есть все слова или слова с таким началом.", "find": "Найти",
		"found": "найдено", "nothing": "Ничего не найдено.", "more": "Показать ещё", "state": "Статус", "date": "Создано", "number": "Номер",
		"name": "Название", "comments": "Комментарии", "private": "внутренний", "files": "Файлы", "system": "система", "absent": "нет в архиве",
		"careful": "файл такого типа может что-то запустить; открывайте его из папки осторожно", "yes": "да", "no": "нет", "other": "Прочие атрибуты",
		"summary": "Архив {tenant}, начат {started}: объектов {objects}, файлов {files}. Даты указаны в зоне {zone}.", "gaps": "Не удалось прочитать: {unreadable}, см. MANIFEST.json.",
		"export": "Выгрузка конфигурации: {path}, файлов {parts}, байт {bytes}, от {date}. Открывайте её из папки, в редакторе.",
		"short":  "Введите не менее двух букв или цифр.", "missing": "Нет файла {file}. Цел ли архив? Проверка: sha256sum -c SHA256SUMS.",
	},
}

// captions are the names of classes, by language (IT 3).
var captions = map[string]map[string]string{
	"en": {
		"serviceCall": "Tickets", "KB": "Knowledge base", "task": "Tasks", "problem": "Problems", "changeRequest": "Changes", "negotiation": "Approvals",
		"vote": "Votes", "workRecord": "Work records", "employee": "People", "ou": "Departments and companies", "team": "Teams", "objectBase": "Assets",
		"slmService": "Services", "agreement": "Agreements", "agreementRule": "Rules of agreements", "template": "Templates", "domain": "Mail domains", "root": "Company",
	},
	"ru": {
		"serviceCall": "Заявки", "KB": "База знаний", "task": "Задачи", "problem": "Проблемы", "changeRequest": "Запросы на изменение", "negotiation": "Согласования",
		"vote": "Голоса", "workRecord": "Трудозатраты", "employee": "Люди", "ou": "Отделы и компании", "team": "Команды", "objectBase": "ИТ-активы",
		"slmService": "Услуги", "agreement": "Соглашения", "agreementRule": "Правила соглашений", "template": "Шаблоны", "domain": "Почтовые домены", "root": "Компания",
	},
}

// attributes are the names of those that stand on top of an object's page, by language (IT 3.2); the others are shown by code.
var attributes = map[string]map[string]string{
	"en": {
		"state": "State", "descriptionRTF": "Description", "descriptionInRTF": "Description (system)", "description": "Description (plain text)", "text": "Text",
		"remark": "Remark", "resultDescr": "Report on the solution", "solution": "Solution", "client": "Client", "clientName": "Client's name",
		"clientEmail": "Client's e-mail", "clientPhone": "Client's phone", "responsible": "Responsible", "service": "Service", "priority": "Priority",
		"registrationDate": "Registered", "deadLineTime": "Due", "dateDecision": "Solved", "creationDate": "Created",
	},
	"ru": {
		"state": "Статус", "descriptionRTF": "Описание", "descriptionInRTF": "Описание (сист.)", "description": "Описание (текст)", "text": "Текст",
		"remark": "Замечание", "resultDescr": "Отчет о решении", "solution": "Решение", "client": "Контрагент", "clientName": "Имя контрагента",
		"clientEmail": "Почта контрагента", "clientPhone": "Телефон контрагента", "responsible": "Ответственный", "service": "Услуга", "priority": "Приоритет",
		"registrationDate": "Зарегистрировано", "deadLineTime": "Регламентное время закрытия", "dateDecision": "Дата решения", "creationDate": "Создано",
	},
}
