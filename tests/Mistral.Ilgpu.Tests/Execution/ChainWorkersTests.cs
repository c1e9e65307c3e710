using Mistral.Ilgpu.Execution;
using Xunit;

namespace Mistral.Ilgpu.Tests.Execution;

public sealed class ChainWorkersTests : IDisposable
{
    private const int Cores = 8;

    private readonly string _folder = Directory.CreateTempSubdirectory("mistral-test-").FullName;

    private string FileName => Path.Combine(_folder, "workers.txt");

    [Theory]
    [InlineData(5, 7, 9, Cores)]
    [InlineData(7, 5, 9, Cores / 2)]
    [InlineData(9, 7, 5, ChainWorkers.None)]
    // Within noise of each other: all cores.
    [InlineData(100, 98, 98, Cores)]
    public void Run_AfterItsTrials_TakesTheFastest(int all, int half, int none, int expected)
    {
        var workers = new ChainWorkers(Cores, FileName);
        while (workers.Chosen is null)
        {
            workers.Took(TimeSpan.FromMilliseconds(workers.Next switch { Cores => all, Cores / 2 => half, _ => none }));
        }

        Assert.Equal(expected, workers.Chosen);
        Assert.Equal(expected, new ChainWorkers(Cores, FileName).Chosen);
    }

    [Fact]
    public void Run_OneSlowTrial_DoesNotDecide()
    {
        var workers = new ChainWorkers(Cores, file: null);
        for (int trial = 0; workers.Chosen is null; trial++)
        {
            workers.Took(TimeSpan.FromMilliseconds(trial == 0 ? 1000 : workers.Next == Cores ? 1 : 2));
        }

        Assert.Equal(Cores, workers.Chosen);
    }

    [Theory]
    [InlineData("")]
    [InlineData("many")]
    [InlineData("3")]
    public void Chosen_WithADamagedFile_IsTriedAgain(string content)
    {
        File.WriteAllText(FileName, content);
        Assert.Null(new ChainWorkers(Cores, FileName).Chosen);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
