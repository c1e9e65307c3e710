namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>What the driver keeps for launchers of one owner, such as a model, whose buffers they name: released with
/// it.</summary>
internal sealed class BoundLaunches : IDisposable
{
    private readonly List<OpenClReplay> _replays = [];

    public int Count
    {
        get
        {
            lock (_replays)
            {
                return _replays.Count;
            }
        }
    }

    // Chains are bound beside the first passes.
    public void Add(OpenClReplay replay)
    {
        lock (_replays)
        {
            _replays.Add(replay);
        }
    }

    public void Dispose()
    {
        lock (_replays)
        {
            _replays.ForEach(replay => replay.Dispose());
            _replays.Clear();
        }
    }
}
