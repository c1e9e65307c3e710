using System.CommandLine;
using System.Globalization;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Perf.Kernels;
using Mistral.Ilgpu.Perf.Report;
using Mistral.Ilgpu.Perf.Serving;
using Mistral.Ilgpu.Tokenization;

// Nine things: the report that perf/run writes; BenchmarkDotNet's suite of single kernels, which takes its own arguments; what
// GPUs should do by calculation, and whether they can issue the instructions for it. Then how near logits come to llama.cpp's,
// many clients at once, a server under load, masks of tokens, and the hashes that a change of structure must leave alone.
if (args is ["kernels", .. var rest])
{
    KernelSuite.Run(rest);
    return 0;
}

if (args is ["expected", .. var types])
{
    Console.Write(ExpectedReport.Write(types));
    return 0;
}

if (args is ["slots", "nvidia", .. var formats])
{
    return NvidiaSlotsReport.Write(formats, Console.Out, Console.Error) ? 0 : 1;
}

if (args is ["slots", .. var names])
{
    return SlotsReport.Write(names, Console.Out, Console.Error) ? 0 : 1;
}

if (args is ["logits", var on, var harness, var vocabulary])
{
    using var opened = ComputeDevice.Open(on);
    using var logits = new LogitsReport(opened, harness, vocabulary);
    logits.Write(Console.Out, Console.Error, count: 48);
    return 0;
}

if (args is ["clients", var at, .. var seconds])
{
    double time = seconds is [var given] ? double.Parse(given, CultureInfo.InvariantCulture) : 60;
    return await ClientsReport.Write(at, clients: 64, TimeSpan.FromSeconds(time)) ? 0 : 1;
}

if (args is ["serve", .. var load])
{
    return ServeReportCommand.Create().Parse(load).Invoke();
}

if (args is ["masks", var schemas, var tokenizer])
{
    new MasksReport(TokenizerFile.Load(tokenizer)).Write(schemas, Console.Out, Console.Error);
    return 0;
}

if (args is ["hashes", .. var devices])
{
    if (devices is [])
    {
        HashReport.WriteTexts(Console.Out);
    }

    foreach (string request in devices)
    {
        HashReport.WriteLogits(Console.Out, request, "tests/data/gguf");
    }

    return 0;
}

var device = new Option<string>("--device") { Description = "As mistral takes it.", DefaultValueFactory = _ => "auto" };
var model = new Option<string>("--model") { Description = "As mistral takes it, without a type.", DefaultValueFactory = _ => "random:250m" };
var against = new Option<string?>("--against") { Description = "A folder with llama.cpp, as mistral bench takes it." };
var output =
    new Option<string>("--output") { Description = "The folder for results.", DefaultValueFactory = _ => "perf/results" };
var report = new RootCommand("Measures a model on a device and writes a report with plots; kernels [...] runs the suite of single kernels; expected [TYPE...] calculates what a 7B model should take on GPUs; slots [NAME...] counts instructions for AMD's, slots nvidia [FORMAT...] those for an H200; "
    + "logits DEVICE DIR VOCABULARY.gguf measures how near logits come to llama.cpp's; clients DEVICE [SECONDS] has 64 clients send texts at once; serve measures a server under load; masks FILE TOKENIZER runs MaskBench; hashes [DEVICE...] lists what must stay where structure alone moves.") { device, model, against, output };
report.SetAction(parse => PerformanceReport.Write(
    parse.GetValue(device)!, parse.GetValue(model)!, parse.GetValue(against), parse.GetValue(output)!));
return report.Parse(args).Invoke();
