using Mistral.Ilgpu.Cli.Output;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>What a load's progress bar says.</summary>
public sealed class LoadSpeedTests
{
    [Fact]
    public void Text_AsBytesArrive_TellsThemTheirSpeedAndTheTimeLeft()
    {
        var clock = new Clock();
        var speed = new LoadSpeed(4L << 30, clock);
        Assert.Equal("0 B of 4.0 GiB", speed.Text(0));
        clock.Now += TimeSpan.FromSeconds(0.5);
        Assert.Equal("1.0 GiB of 4.0 GiB, 2.1 GB/s, 2 s left", speed.Text(1L << 30));
        clock.Now += TimeSpan.FromSeconds(1.5);
        Assert.Equal("4.0 GiB of 4.0 GiB, 2.1 GB/s, 0 s left", speed.Text(4L << 30));
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
