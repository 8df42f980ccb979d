package sandbox

import (
	"encoding/json"
	"strings"
)

// exec knows no script module: each one is a plug-in of a tenant (IT 2.5).
func (s *Server) exec(c *call) (answer, error) {
	name := c.param("func")
	if name == "" {
		return answer{}, failf("Недостаточно прав для выполнения скрипта")
	}
	args := 0
	if params := c.param("params"); params != "" {
		args = strings.Count(params, ",") + 1
	}
	return answer{}, noModule(strings.TrimPrefix(name, "modules."), args)
}

func noModule(name string, args int) error {
	return failf("Script module or method not found: %s(%d args)", name, args)
}

func (s *Server) execmf(c *call) (answer, error) {
	var batch []struct {
		Module, Method string
		Params         []any
	}
	if err := json.Unmarshal(c.body, &batch); err != nil || len(batch) == 0 {
		return answer{}, failf("execmf: массив вызовов не прочитан")
	}
	return answer{}, noModule(batch[0].Module+"."+batch[0].Method, len(batch[0].Params))
}
