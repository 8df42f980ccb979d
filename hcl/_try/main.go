package main

import (
	"os"
	"fmt"
	"deskform/hcl"
	"deskform/plan"
	"deskform/providers/export"
	"deskform/providers/intercom"
	"deskform/providers/itsm365"
)

func main() {
	o := hcl.Options{Dir: os.Args[1], Version: "0.1.0", Kinds: intercom.Kinds(), Destination: intercom.Schema(), Sources: []plan.SourceSchema{itsm365.Schema(), export.Schema()}, Env: os.LookupEnv}
	if len(os.Args) > 2 { os.Stdout.Write(hcl.Reference(o)); return }
	cfg, diags := hcl.Load(o)
	hcl.Render(os.Stdout, diags, false)
	if cfg != nil { for _, s := range cfg.Sets { fmt.Println(s.Name, s.DependsOn, len(s.Uses), s.Columns) } ; fmt.Println(cfg.Meaning, cfg.Phases, cfg.Providers)}
}
