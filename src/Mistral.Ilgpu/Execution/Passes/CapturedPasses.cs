using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Execution.Drivers;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>
/// Passes that the driver records and replays in one call. The first pass with a key is launched, because it may compile and load
/// kernels, which cannot be recorded. The second is recorded, and later ones are replayed.
/// If the driver refuses once, all later passes are launched.
/// </summary>
/// <param name="onSlower">Called once with the reason if passes are slower than they could be.</param>
internal sealed class CapturedPasses(IGraphDriver driver, Action<string> onSlower) : IDisposable
{
    // Bounds the recordings that are kept, because a server has batches of many sizes.
    internal const int Most = 64;

    private readonly Dictionary<PassKey, nint?> _graphs = [];
    private bool _isRefused;
    private bool _hasDrawback;

    /// <summary>Puts a pass on the stream, by <paramref name="launch"/> or by replaying its recording.</summary>
    /// <param name="launch">Launches all kernels of a pass with that key, and waits for nothing.</param>
    public void Run(PassKey key, Action launch)
    {
        if (_isRefused || !_graphs.TryGetValue(key, out nint? graph))
        {
            launch();
            Remember(key);
            return;
        }

        try
        {
            graph ??= Capture(key, launch);
            driver.Launch(graph.Value);
        }
        // TypeLoadException: the driver lacks one of the functions.
        catch (Exception exception) when (exception is DeviceException or CudaException or TypeLoadException)
        {
            Refuse(exception.Message);
            launch();
        }
    }

    public void Dispose() => Forget(_ => true);

    /// <summary>Drops the recordings of some keys.</summary>
    public void Forget(Predicate<PassKey> isForgotten)
    {
        foreach (var (key, graph) in _graphs)
        {
            if (isForgotten(key))
            {
                // Removing is allowed while the entries are enumerated.
                _graphs.Remove(key);
                if (graph is nint recorded)
                {
                    driver.Destroy(recorded);
                }
            }
        }
    }

    private void Remember(PassKey key)
    {
        if (_isRefused)
        {
            return;
        }

        if (_graphs.Count == Most)
        {
            Dispose();
        }

        _graphs.Add(key, null);
    }

    private nint Capture(PassKey key, Action launch)
    {
        driver.BeginCapture();
        nint graph;
        try
        {
            launch();
        }
        catch
        {
            End();
            throw;
        }

        graph = driver.EndCapture();
        _graphs[key] = graph;
        if (driver.Drawback is { } drawback && !_hasDrawback)
        {
            _hasDrawback = true;
            onSlower($"each kernel begins when the one before has ended: {drawback}");
        }

        return graph;

        // The stream must stop recording. Another failure here adds nothing to the first one.
        void End()
        {
            try
            {
                driver.Destroy(driver.EndCapture());
            }
            catch (DeviceException)
            {
            }
        }
    }

    private void Refuse(string reason)
    {
        _isRefused = true;
        Dispose();
        onSlower($"tokens are launched step by step, because the driver does not record them: {reason}");
    }
}
