namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>
/// Driver objects of the launchers of one owner, such as a model. They refer to the owner's buffers and are disposed with it.
/// </summary>
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

    // Locked, because chains are bound concurrently with the first passes.
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
