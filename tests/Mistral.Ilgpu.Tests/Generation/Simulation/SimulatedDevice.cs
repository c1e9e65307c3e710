namespace Mistral.Ilgpu.Tests.Generation.Simulation;

/// <summary>Faults of a model's device: passes that throw at any token, reads that throw, and one failure for good.</summary>
internal sealed class SimulatedDevice
{
    private readonly Random _random;
    private readonly double _passFaults;
    private readonly double _readFaults;
    private int _tokensLeft;
    private int _failedInRow;
    private bool _hasThrown;

    public SimulatedDevice(FakeModel model, int seed)
    {
        _random = new Random(seed);
        _passFaults = _random.Next(3) == 0 ? 0.002 : 0;
        _readFaults = _random.Next(3) == 0 ? 0.002 : 0;
        _tokensLeft = _random.Next(4) == 0 ? _random.Next(1, 6000) : int.MaxValue;
        model.OnForward = _ => BeginPass();
        model.OnToken = TakeToken;
        model.OnRead = Read;
    }

    /// <summary>Whether passes or reads throw now and then.</summary>
    public bool Throws => _passFaults + _readFaults > 0;

    /// <summary>Whether it has failed so that its engine may give it up.</summary>
    public bool HasFailed { get; private set; }

    // Where the last pass threw, the next one begins without its texts having ended otherwise.
    private void BeginPass()
    {
        _failedInRow = _hasThrown ? _failedInRow + 1 : 0;
        HasFailed |= _failedInRow >= 2;
        _hasThrown = false;
    }

    private void TakeToken()
    {
        FailForGood();
        if (_random.NextDouble() < _passFaults)
        {
            _hasThrown = true;
            throw new SimulatedFault("in a pass");
        }
    }

    private void Read()
    {
        FailForGood();
        if (_random.NextDouble() < _readFaults)
        {
            throw new SimulatedFault("in a read");
        }
    }

    private void FailForGood()
    {
        if (--_tokensLeft == 0)
        {
            HasFailed = true;
            throw new DeviceException("simulated, the device is gone");
        }
    }
}
