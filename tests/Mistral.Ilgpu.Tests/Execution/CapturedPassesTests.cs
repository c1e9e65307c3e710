using Mistral.Ilgpu.Execution.Drivers;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Tests.Execution;

public sealed class CapturedPassesTests
{
    private static readonly PassKey Key = new(1, 1, 1, 0);

    private readonly RecordingDriver _driver = new();
    private readonly List<string> _slower = [];
    private int _walks;
    private int _runs;

    [Fact]
    public void Run_SameKeyAgain_LaunchesThenRecordsThenPlays()
    {
        using var passes = Passes();
        for (int i = 1; i <= 5; i++)
        {
            passes.Run(Key, Launch);
            Assert.Equal(i, _runs);
        }

        Assert.Equal((2, 1, 4), (_walks, _driver.Recorded, _driver.Played));
    }

    [Fact]
    public void Run_OtherKeys_AreRecordedEachForItself()
    {
        using var passes = Passes();
        PassKey[] keys = [Key, Key with { DecodeCount = 2 }, Key with { LogitCount = 0 }, Key with { DecodeRoom = 2 }, Key with { Adapters = 1 }];
        for (int i = 0; i < 3; i++)
        {
            Array.ForEach(keys, key => passes.Run(key, Launch));
        }

        Assert.Equal((keys.Length, 2 * keys.Length, 3 * keys.Length), (_driver.Recorded, _driver.Played, _runs));
    }

    [Theory]
    [InlineData(nameof(IGraphDriver.BeginCapture))]
    [InlineData(nameof(IGraphDriver.EndCapture))]
    [InlineData(nameof(IGraphDriver.Launch))]
    public void Run_DriverRefuses_LaunchesFromThenOnAndTellsOnce(string function)
    {
        _driver.Refused = function;
        using var passes = Passes();
        for (int i = 1; i <= 4; i++)
        {
            passes.Run(Key, Launch);
            passes.Run(Key with { DecodeCount = 2 }, Launch);
            Assert.Equal(2 * i, _runs);
        }

        Assert.EndsWith($"does not record them: {function} is refused", Assert.Single(_slower), StringComparison.Ordinal);
        Assert.Equal((0, 0), (_driver.Played, _driver.Kept));
        Assert.False(_driver.IsRecording);
    }

    [Fact]
    public void Run_LaunchThatCannotBeRecorded_LaunchesFromThenOn()
    {
        using var passes = Passes();
        for (int i = 0; i < 3; i++)
        {
            passes.Run(Key, () =>
            {
                if (_driver.IsRecording)
                {
                    throw new DeviceException("not while recording");
                }

                Launch();
            });
        }

        Assert.Equal(3, _runs);
        Assert.EndsWith("does not record them: not while recording", Assert.Single(_slower), StringComparison.Ordinal);
        Assert.Equal((0, false), (_driver.Kept, _driver.IsRecording));
    }

    [Fact]
    public void Run_DriverHasADrawback_PlaysAndTellsOnce()
    {
        var driver = new RecordingDriver { Drawback = "of a kind" };
        using var passes = new CapturedPasses(driver, _slower.Add);
        for (int count = 1; count <= 2; count++)
        {
            passes.Run(Key with { DecodeCount = count }, () => driver.Submit(() => _runs++));
            passes.Run(Key with { DecodeCount = count }, () => driver.Submit(() => _runs++));
        }

        Assert.EndsWith(": of a kind", Assert.Single(_slower), StringComparison.Ordinal);
        Assert.Equal((4, 2), (_runs, driver.Played));
    }

    [Fact]
    public void Run_MoreKeysThanAreKept_ForgetsAndGoesOn()
    {
        using var passes = Passes();
        for (int round = 0; round < 3; round++)
        {
            for (int count = 1; count <= CapturedPasses.Most + 3; count++)
            {
                passes.Run(Key with { DecodeCount = count }, Launch);
                passes.Run(Key with { DecodeCount = count }, Launch);
                Assert.InRange(_driver.Kept, 0, CapturedPasses.Most);
            }
        }

        Assert.Equal(3 * 2 * (CapturedPasses.Most + 3), _runs);
        Assert.Empty(_slower);
    }

    [Fact]
    public void Dispose_DestroysWhatWasRecorded()
    {
        using (var passes = Passes())
        {
            passes.Run(Key, Launch);
            passes.Run(Key, Launch);
            Assert.Equal(1, _driver.Kept);
        }

        Assert.Equal(0, _driver.Kept);
    }

    [Fact]
    public void Forget_SomeKeys_DestroysTheirRecordingsAlone()
    {
        using var passes = Passes();
        PassKey[] keys = [Key, Key with { Adapters = 1 }, Key with { Adapters = 3 }];
        Array.ForEach([.. keys, .. keys], key => passes.Run(key, Launch));
        passes.Forget(key => (key.Adapters & 2) != 0);
        Assert.Equal((2, 3), (_driver.Kept, _driver.Recorded));
        Array.ForEach([.. keys, .. keys], key => passes.Run(key, Launch));
        Assert.Equal((3, 4), (_driver.Kept, _driver.Recorded));
    }

    [Fact]
    public void KeyOf_PassThatTakesPromptsToo_IsNone()
    {
        Assert.Null(PassKey.Of(new Pass(1, 3, 1), DecodeSplits.LeastTiles));
        Assert.Null(PassKey.Of(new Pass(0, 3, 1), DecodeSplits.LeastTiles));
        var pass = new Pass(2, 0, 2) { Adapters = 5 };
        pass.Add(new PassSpan(10, 1));
        pass.Add(new PassSpan(300, 1));
        Assert.Equal(new PassKey(2, 2, 2, 5), PassKey.Of(pass, DecodeSplits.LeastTiles));
    }

    private CapturedPasses Passes() => new(_driver, _slower.Add);

    private void Launch()
    {
        _walks++;
        _driver.Submit(() => _runs++);
    }
}
