using System.Globalization;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Cli;
using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Server.Errors;

namespace Mistral.Ilgpu.Fuzzing;

/// <summary>
/// Hands mutated files to every reader of the project. A finding is an input that ends in an exception which is not documented,
/// takes more than two seconds, or allocates more than 256 MiB.
/// </summary>
public sealed class Fuzzer
{
    private const long MostBytes = 256L << 20;
    private const double MostSeconds = 2;
    private const int MostFindings = 20;

    // What a thread gets on Windows: what recurses by the nesting of a file must end before.
    private const int StackBytes = 1 << 20;

    private readonly IReadOnlyList<FuzzTarget> _targets;
    private readonly List<Finding> _findings = [];
    private readonly HashSet<string> _causes = [];
    private readonly Journal? _journal;

    // What is being read; the watchdog looks at it.
    private volatile FuzzTarget? _target;
    private ulong _seed;
    private long _done;

    /// <param name="readers">Their names; null for all.</param>
    /// <param name="journal">Keeps the name of the input being read, because one may end the process; null for none.</param>
    /// <exception cref="ArgumentException">There is no such reader.</exception>
    public Fuzzer(IReadOnlyCollection<string>? readers = null, string? journal = null)
    {
        var all = Targets.All();
        _targets = readers is null ? all : [.. all.Where(target => readers.Contains(target.Name))];
        if (readers?.FirstOrDefault(name => !_targets.Any(target => target.Name == name)) is { } unknown)
        {
            string names = string.Join(", ", all.Select(target => target.Name));
            throw new ArgumentException($"found reader '{unknown}', expected one of {names}");
        }

        _journal = journal is null ? null : new Journal(journal);
    }

    public IReadOnlyList<Finding> Findings => _findings;

    /// <summary>Inputs read so far.</summary>
    public long Done => Interlocked.Read(ref _done);

    /// <summary>Reads the valid files themselves, then mutated ones, each reader its share.</summary>
    /// <param name="log">A line for each reader and each finding.</param>
    public void Run(long inputs, ulong seed, TextWriter log)
    {
        long shares = _targets.Sum(target => (long)target.Share);
        foreach (var target in _targets)
        {
            var before = Environment.CpuUsage.TotalTime;
            long count = Math.Max(1, inputs * target.Share / shares);
            int known = _findings.Count;
            if (!Watch(() => Run(target, count, seed)))
            {
                log.WriteLine(_findings[^1].What);
                return;
            }

            foreach (var finding in _findings[known..])
            {
                log.WriteLine($"{finding.Name}: {finding.What.Split('\n')[0]}");
            }

            double micros = (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / count;
            log.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{target.Name,-20} {count,11:#,0} inputs {micros,8:0.0} µs each {_findings.Count - known,3} findings"));
        }
    }

    /// <summary>Reads one input again.</summary>
    /// <param name="name">A reader, a hyphen, and the input's seed in hexadecimal digits, as in a finding's name.</param>
    public void Replay(string name)
    {
        int hyphen = name.LastIndexOf('-');
        var target = _targets.FirstOrDefault(target => hyphen > 0 && target.Name == name[..hyphen]);
        var digits = name.AsSpan(hyphen + 1);
        if (target is null || !ulong.TryParse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong seed))
        {
            throw new ArgumentException($"found '{name}', expected the name of a finding");
        }

        Watch(() => Try(target, seed));
    }

    /// <summary>Whether an exception is one that the readers' documentation names.</summary>
    internal static bool IsDocumented(Exception exception) =>
        exception is ModelFileException or ChatFormatException or UsageException or ConstraintSyntaxException or ApiException;

    private void Run(FuzzTarget target, long count, ulong seed)
    {
        foreach (var whole in target.Seeds)
        {
            target.Read(whole.Whole());
        }

        var seeds = new SplitMix64(seed);
        for (long i = 0; i < count && _findings.Count < MostFindings; i++)
        {
            Try(target, seeds[(ulong)i]);
        }
    }

    private void Try(FuzzTarget target, ulong seed)
    {
        _seed = seed;
        _target = target;
        _journal?.Write(Name(target, seed));
        var input = target.Input(seed);
        long before = GC.GetAllocatedBytesForCurrentThread();
        string? what = null;
        try
        {
            target.Read(input);
        }
        catch (Exception exception) when (IsDocumented(exception))
        {
            what = exception.Message.AsSpan().ContainsAny('\r', '\n') ? $"a message of several lines: {exception.Message}" : null;
        }
        catch (Exception exception)
        {
            what = exception.ToString();
        }

        long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        what ??= bytes > MostBytes ? $"allocated {bytes >> 20} MiB, expected at most {MostBytes >> 20}" : null;
        // One fault shows in many inputs: the first stands for those that end in the same place.
        if (what is not null && _causes.Add($"{target.Name} {Cause(what)}"))
        {
            _findings.Add(new Finding(Name(target, seed), what, input.Files));
        }

        Interlocked.Increment(ref _done);
    }

    /// <summary>Runs on a thread that is left where it is when one input takes too long.</summary>
    /// <returns>Whether it ended.</returns>
    private bool Watch(Action work)
    {
        Exception? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    work();
                }
                catch (Exception exception)
                {
                    failure = exception;
                }
            },
            StackBytes) { IsBackground = true };
        thread.Start();
        var limit = new TimeLimit(MostSeconds);
        while (!thread.Join(TimeSpan.FromMilliseconds(50)))
        {
            if (limit.IsExceeded(Done) && _target is { } target)
            {
                string name = Name(target, _seed);
                _findings.Add(new Finding(name, $"{name}: takes more than {MostSeconds} s", target.Input(_seed).Files));
                return false;
            }
        }

        return failure is null
            ? true
            : throw new InvalidOperationException($"the fuzzer itself failed: {failure.Message}", failure);
    }

    /// <summary>An exception's type and the place where it was thrown.</summary>
    private static string Cause(string what)
    {
        string[] lines = what.Split('\n');
        return lines[0].Split(':')[0] + (Array.Find(lines, line => line.Contains("at Mistral.", StringComparison.Ordinal)) ?? "");
    }

    private static string Name(FuzzTarget target, ulong seed) =>
        string.Create(CultureInfo.InvariantCulture, $"{target.Name}-{seed:x16}");
}
