using Mistral.Ilgpu.Cli;

using var terminal = Terminal.OfThisProcess();
return CommandLine.Run(args, terminal);
