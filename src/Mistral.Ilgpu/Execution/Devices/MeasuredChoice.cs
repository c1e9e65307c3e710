using System.Diagnostics;
using System.Globalization;
using System.Text;
using Mistral.Ilgpu.Execution.Compilation;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>
/// Chooses the number with which some work is fastest. Tries each candidate in turn, then keeps the choice in a file
/// (see <see cref="UserCache"/>).
/// </summary>
internal sealed class MeasuredChoice
{
    // The least time of each candidate counts, because every disturbance only adds time: the driver's one-time work, or
    // concurrent
    // compilations.
    private const int Rounds = 8;

    // A number replaces a preferred one only if the difference exceeds noise.
    private const double WorthIt = 0.9;

    // For each kind of choice. There is a file for each size of model, device and build of the kernels.
    private const int MostKept = 32;

    // Other load on the machine may have decided against the preferred number, so that choice is measured again.
    private static readonly TimeSpan KeptAgainstPreference = TimeSpan.FromDays(1);

    private readonly int[] _candidates;
    private readonly string? _file;
    private readonly List<double> _times = [];

    /// <param name="candidates">The numbers, in order of preference.</param>
    /// <param name="file">The file that keeps the choice; null for none.</param>
    public MeasuredChoice(int[] candidates, string? file)
    {
        (_candidates, _file) = (candidates, file);
        Chosen = Read();
    }

    /// <summary>The fastest number; null while it is unknown. Tests set it.</summary>
    public int? Chosen { get; internal set; }

    /// <summary>The next candidate to try.</summary>
    public int Next => _candidates[_times.Count % _candidates.Length];

    /// <summary>Does the work with the chosen number, or with the next candidate, whose time it then measures.</summary>
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

    /// <summary>Records the time of the work with <see cref="Next"/>.</summary>
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

    // What cannot be read is measured again.
    private int? Read() =>
        _file is not null && int.TryParse(UserCache.Read(_file), CultureInfo.InvariantCulture, out int kept)
            && _candidates.Contains(kept)
            && (kept == _candidates[0] || DateTime.UtcNow - File.GetLastWriteTimeUtc(_file) < KeptAgainstPreference)
            ? kept
            : null;
}
