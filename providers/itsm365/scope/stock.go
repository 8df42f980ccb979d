package scope

import (
	"strings"

	"deskform/plan"
)

// alsoStock are attributes of the stock configuration (IT 3.2 to 3.7) that a pull leaves out, or reads as they are met: they
// are not the tenant's own.
var alsoStock = map[string]string{
	"serviceCall":   "KBtoAddArticle addArtikle titleKB stateNeg stateTask reportsOff timeForAccept wfProfile sumApprovedWR",
	"employee":      "phonesIndex all_Group privateCode recipientAgreements image employeeForIntegration serviceCalls createdSCs respForSCs votes workReports password",
	"ou":            "recipientAgreements childOUs employees KEsInUse serviceCalls",
	"team":          "recipientAgreements",
	"comment":       "notificateTo template",
	"file":          "sourceFqn temporary original copies content shareAlias",
	"slmService":    "agreements callCases category customer articlesKB",
	"agreement":     "services recipients recipientsOU recipientTeam supportHours serviceHours priorityRule resolutionTimeRule resp manager supplier supplierEmpoyee allRecipients autoCreation autoCreationTe protected",
	"problem":       "categories changeRequests deadline factProbDate postponeTill probleDecision rootCI tasks touchServices KBArticles serviceChoise workRecords",
	"changeRequest": "problems KEs connectedCI services reasonDecline periodNegotiat negotiations advisoryEmpl tasks workRecords",
	"objectBase":    "serviceCalls problems changeRequest KEs",
	"negotiation":   "cabEmployee cabOU cabTeam period files",
	"vote":          "files",
	"task":          "subscribers templateTask workRecords timeToSolve solveTimeRes isOverdue",
	"workRecord":    "task problem changeRequest client closedDate",
}

// platform are attributes that objects have by the platform (IT 3.1).
var platform = wordSet("UUID metaClass title author creationDate lastModifiedDate removed removalDate system_icon icon folders responsible " +
	"responsibleEmployee responsibleTeam responsibleStartTime state stateStartTime number objectNumber files")

func wordSet(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

// ownCode reports an attribute that the stock configuration does not have. Of a class that the model does not know nothing
// can be said. The parts of an aggregate go with it (IT 2.10).
func ownCode(class, code string, stock map[string]plan.Column) bool {
	if stock == nil || platform[code] {
		return false
	}
	for _, part := range []string{"_em", "_ou", "_te"} {
		code = strings.TrimSuffix(code, part)
	}
	_, known := stock[code]
	return !known && !wordSet(alsoStock[class])[code]
}
