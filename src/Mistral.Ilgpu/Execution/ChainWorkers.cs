using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Mistral.Ilgpu.Execution;

/// <summary>
/// How many workers take the chains of a pass, found by trying in the first passes and kept for the device, the kernels and the size of the model.
/// Half the cores may read memory as fast as all do, and where others want them too, waiting for a worker costs more than launches.
/// </summary>
internal sealed class ChainWorkers
{
    /// <summary>In place of a number of workers: the steps are launched one by one.</summary>
    public const int None = 0;

    // The first time of each has what the driver does once in it; the median of five does not.
    private const int Rounds = 5;

    // What another number must save to be taken in place of all cores.
    private const double WorthIt = 0.97;

    private readonly int[] _candidates;
    private readonly string? _file;
    private readonly List<double> _times = [];

    /// <param name="file">Where the choice is kept; null for nowhere.</param>
    public ChainWorkers(int cores, string? file)
    {
        _candidates = cores > 1 ? [cores, cores / 2, None] : [cores, None];
        _file = file;
        Chosen = Read();
    }

    /// <summary>The fastest; null while it is not known.</summary>
    public int? Chosen { get; private set; }

    /// <summary>What is chosen, or what is to be tried next.</summary>
    public int Next => Chosen ?? _candidates[_times.Count % _candidates.Length];

    /// <summary>The choice of a device for passes that read so many bytes.</summary>
    public static ChainWorkers Of(Device device, long passBytes) =>
        new(device.Info.ComputeUnits, UserCache.FileFor($"workers-{passBytes}", device, ".txt"));

    /// <summary>Runs a pass with <see cref="Next"/>, timed while the choice is open.</summary>
    /// <param name="launch">Puts the pass on the device.</param>
    /// <param name="synchronize">Waits for the device.</param>
    public void Run(Pass pass, Action<Pass, int> launch, Action synchronize)
    {
        if (Chosen is { } chosen)
        {
            launch(pass, chosen);
            return;
        }

        synchronize();
        long begin = Stopwatch.GetTimestamp();
        launch(pass, Next);
        synchronize();
        Took(Stopwatch.GetElapsedTime(begin));
    }

    /// <summary>Takes note of what a pass with <see cref="Next"/> took.</summary>
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
            best = Median(i) < WorthIt * Median(best) ? i : best;
        }

        Chosen = _candidates[best];
        if (_file is not null)
        {
            UserCache.Write(_file, Encoding.UTF8.GetBytes(Chosen.Value.ToString(CultureInfo.InvariantCulture)));
        }
    }

    private double Median(int candidate) =>
        _times.Where((_, i) => i % _candidates.Length == candidate).Order().ElementAt(Rounds / 2);

    private int? Read()
    {
        try
        {
            return _file is not null && int.TryParse(File.ReadAllText(_file), CultureInfo.InvariantCulture, out int kept) && _candidates.Contains(kept)
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
