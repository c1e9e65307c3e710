using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Mistral.Ilgpu.Fuzzing;

// Reads mutated files for a number of inputs or minutes, saves what goes wrong, and ends with a line that counts.
var inputs = new Option<long>("--inputs") { Description = "How many files are read.", DefaultValueFactory = _ => 1_000_000 };
var minutes = new Option<double?>("--minutes") { Description = "Goes on for so long instead, each round with the next seed." };
var seed = new Option<ulong>("--seed") { Description = "Another seed makes other files.", DefaultValueFactory = _ => 1 };
var readers = new Option<string[]>("--reader") { Description = "Only this one; may be given several times." };
var replay = new Option<string?>("--replay") { Description = "Reads one input again, by the name that a finding has." };
var output = new Option<string>("--output") { Description = "Where findings go.", DefaultValueFactory = _ => "fuzz-findings" };
var root = new RootCommand("Fuzzes every reader of Mistral.Ilgpu with mutated files.")
{
    inputs, minutes, seed, readers, replay, output,
};
root.SetAction(parse =>
{
    string folder = Directory.CreateDirectory(parse.GetValue(output)!).FullName;
    string journal = Path.Combine(folder, "running");
    var fuzzer = new Fuzzer(parse.GetValue(readers) is { Length: > 0 } names ? names : null, journal);
    if (parse.GetValue(replay) is { } name)
    {
        fuzzer.Replay(name);
        Console.WriteLine(fuzzer.Findings is [var found] ? found.What : "read or refused as documented");
    }
    else
    {
        const long RoundInputs = 200_000;
        var clock = Stopwatch.StartNew();
        double? most = parse.GetValue(minutes);
        ulong first = parse.GetValue(seed);
        for (ulong round = 0; fuzzer.Findings.Count == 0 && (round == 0 || clock.Elapsed.TotalMinutes < most); round++)
        {
            fuzzer.Run(most is null ? parse.GetValue(inputs) : RoundInputs, first + round, Console.Out);
        }
    }

    foreach (var finding in fuzzer.Findings)
    {
        Console.WriteLine($"saved {finding.Save(folder)}");
    }

    File.Delete(journal);
    double seconds = Environment.CpuUsage.TotalTime.TotalSeconds;
    string counts = string.Create(CultureInfo.InvariantCulture, $"{fuzzer.Done:#,0} inputs, {fuzzer.Findings.Count} findings");
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{counts}, {seconds:0} s of processor time"));
    // A thread may stand in a reader that hangs.
    Environment.Exit(fuzzer.Findings.Count == 0 ? 0 : 1);
});
try
{
    return root.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (ArgumentException exception)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}
