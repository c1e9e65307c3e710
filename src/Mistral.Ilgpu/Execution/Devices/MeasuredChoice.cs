using System.Diagnostics;
using System.Globalization;
using System.Text;
using Mistral.Ilgpu.Execution.Compilation;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>Which of a few numbers makes something fastest, found by trying each in turns and then kept, as
/// <see cref="UserCache"/> keeps things.</summary>
internal sealed class MeasuredChoice
{
    // The best of each counts: all that disturbs only adds to a time, from what the driver does once to the compiler's threads
    // beside.
    private const int Rounds = 8;

    // What is within noise of a number that is preferred does not take its place.
    private const double WorthIt = 0.9;

    // Of one kind of choice: there is one for each size of model, device and build of the kernels.
    private const int MostKept = 32;

    // Whatever else the machine did meanwhile may have decided against the preferred number, so that is tried again.
    private static readonly TimeSpan KeptAgainstPreference = TimeSpan.FromDays(1);

    private readonly int[] _candidates;
    private readonly string? _file;
    private readonly List<double> _times = [];

    /// <param name="candidates">The preferred first.</param>
    /// <param name="file">Where the choice is kept; null for nowhere.</param>
    public MeasuredChoice(int[] candidates, string? file)
    {
        (_candidates, _file) = (candidates, file);
        Chosen = Read();
    }

    /// <summary>The fastest; null while it is not known. Tests say it themselves.</summary>
    public int? Chosen { get; internal set; }

    /// <summary>What is to be tried next.</summary>
    public int Next => _candidates[_times.Count % _candidates.Length];

    /// <summary>Does the work with the number that is chosen, or with the next to be tried, and then waits for it.</summary>
    /// <param name="launch">Puts the work on the device.</param>
    public void Run(ComputeDevice device, Action<int> launch)
    {
        if (Chosen is { } chosen)
        {
            launch(chosen);
            return;
        }

        device.Synchronize();
        long begin = Stopwatch.GetTimestamp();
        launch(Next);
        device.Synchronize();
        Took(Stopwatch.GetElapsedTime(begin));
    }

    /// <summary>Takes note of how long the work took with <see cref="Next"/>.</summary>
    public void Took(TimeSpan time)
    {
        _times.Add(time.TotalSeconds);
        if (_times.Count < Rounds * _candidates.Length)
        {
            return;
        }

        int best = 0;
        for (int i = 1; i < _candidates.Length; i++)
        {
            best = Least(i) < WorthIt * Least(best) ? i : best;
        }

        Chosen = _candidates[best];
        if (_file is not null)
        {
            UserCache.Write(_file, Encoding.UTF8.GetBytes(Chosen.Value.ToString(CultureInfo.InvariantCulture)));
            string kind = Path.GetFileName(_file).Split('-', '.')[0];
            UserCache.KeepNewest(Path.GetDirectoryName(_file)!, $"{kind}-*{Path.GetExtension(_file)}", MostKept);
        }
    }

    private double Least(int candidate) => _times.Where((_, i) => i % _candidates.Length == candidate).Min();

    private int? Read()
    {
        try
        {
            return _file is not null && int.TryParse(File.ReadAllText(_file), CultureInfo.InvariantCulture, out int kept)
                && _candidates.Contains(kept)
                && (kept == _candidates[0] || DateTime.UtcNow - File.GetLastWriteTimeUtc(_file) < KeptAgainstPreference)
                ? kept
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Absent: it is tried again.
            return null;
        }
    }
}
