using System.Collections.Concurrent;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tests.Tokenization;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Generation.Simulation;

/// <summary>
/// One engine with many submitters, some hundred texts and faults, all drawn from a seed. How threads interleave is not drawn, so
/// that a seed fails again only if that does not matter.
/// </summary>
internal sealed class EngineSimulation
{
    public const int Texts = 200;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly int _seed;
    private readonly int _sequences;
    private readonly int _submitters;
    private readonly int _stopsAt;
    private readonly int _stop;
    private readonly ConcurrentQueue<SimulatedText> _texts = [];
    private readonly ConcurrentQueue<Task> _stops = [];
    private int _submitted;
    private volatile bool _isStopped;
    private volatile bool _isCancelled;

    public EngineSimulation(int seed)
    {
        _seed = seed;
        var random = new Random(seed);
        int[][] windows = [[8, 16], [8], [4, 16], [16, 32]];
        _sequences = random.Next(1, 7);
        Model = new FakeModel(
            vocabularySize: 40, windows[random.Next(windows.Length)], pages: random.Next(8, 25), _sequences,
            hostBytes: random.Next(3) * random.Next(10_000))
        {
            Chunk = 4 << random.Next(3),
            Context = random.Next(3) == 0 ? random.Next(20, 60) : null,
            Adapters = new([.. new[] { "a", "b" }.Take(random.Next(3))]),
            MaxBatchedTokens = random.Next(2) == 0 ? random.Next(1, 50) : null,
        };
        Beginnings = [.. Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, 24).Select(_ => random.Next(40)).ToArray())];
        Device = new SimulatedDevice(Model, random.Next());
        Engine = new Engine(Model, Tokenizer, maxWaiting: random.Next(2, 64));
        _submitters = random.Next(2, 8);
        _stopsAt = random.Next(2 * Texts);
        _stop = random.Next(4);
    }

    public static SentencePieceBpe Tokenizer { get; } = SmallModel.English();

    public FakeModel Model { get; }

    public SimulatedDevice Device { get; }

    public Engine Engine { get; }

    /// <summary>What prompts begin with.</summary>
    public int[][] Beginnings { get; }

    /// <summary>Whether the engine was told to stop.</summary>
    public bool IsStopped => _isStopped;

    /// <summary>Whether the engine was told to cancel its texts.</summary>
    public bool IsCancelled => _isCancelled;

    /// <summary>The texts that the engine took.</summary>
    public IEnumerable<SimulatedText> Taken => _texts.Where(text => text.Text is not null);

    /// <summary>Runs all of it.</summary>
    public async Task Run()
    {
        try
        {
            await RunAll().WaitAsync(Limit, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            var hanging = Taken.Where(text => !text.Text!.Completion.IsCompleted);
            Assert.Fail($"seed {_seed} hangs: {Engine.Status}\n{string.Join('\n', hanging)}");
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"seed {_seed}: {exception.Message}", exception);
        }
    }

    private async Task RunAll()
    {
        await Task.WhenAll(Enumerable.Range(0, _submitters).Select(i => Task.Run(() => Submit(new Random((31 * _seed) + i)))));
        await Engine.StopAsync();
        await Engine.DisposeAsync();
        await Task.WhenAll(_stops);
        Assert.Equal(_sequences, Model.Table.Free);
        Assert.Equal(Model.Table.Bytes, Model.Table.AvailableBytes);
        Assert.True(Device.HasFailed || Engine.Status.Fault is null, "failed without a fault");
        Assert.Equal(Engine.Status.Fault is not null ? EngineState.Faulted : EngineState.Stopped, Engine.Status.State);
        Assert.Equal((0, 0), (Engine.Status.Running, Engine.Status.Waiting));
        foreach (var text in _texts)
        {
            text.VerifyEndedOnce();
            Assert.InRange(_texts.Count(text.IsOvertakenBy), 0, Admission.MostOvertaken);
        }
    }

    private async Task Submit(Random random)
    {
        List<Task> running = [];
        while (NextIsLeft())
        {
            running.Add(random.Next(5) == 0 ? Converse(random) : Run(random, null));
            if (random.Next(4) == 0)
            {
                await Task.WhenAll(running);
                running.Clear();
            }
        }

        await Task.WhenAll(running);
    }

    private bool NextIsLeft()
    {
        int number = Interlocked.Increment(ref _submitted);
        if (number == _stopsAt)
        {
            Stop();
        }

        return number <= Texts;
    }

    private void Stop()
    {
        _isStopped = true;
        _isCancelled = _stop > 0;
        if (_stop is 0 or 1 or 3)
        {
            _stops.Enqueue(Engine.StopAsync(drain: _stop != 1));
        }

        if (_stop >= 2)
        {
            _stops.Enqueue(Task.Run(async () => await Engine.DisposeAsync()));
        }
    }

    private Task Run(Random random, Conversation? conversation) => Add(random, conversation).Run();

    private SimulatedText Add(Random random, Conversation? conversation)
    {
        var text = new SimulatedText(this, new TextDraw(this, random, conversation));
        _texts.Enqueue(text);
        return text;
    }

    private async Task Converse(Random random)
    {
        // Draws of its own, because turns go on beside other texts of the same submitter.
        random = new Random(random.Next());
        var conversation = new Conversation();
        do
        {
            var turn = Add(random, conversation);
            // Now and then somebody does not wait for an answer, which costs time but nothing else.
            var impatient = random.Next(20) == 0 ? Run(random, conversation) : Task.CompletedTask;
            await turn.Run();
            await impatient;
            conversation.Ids = [.. turn.Ids];
        }
        while (random.Next(3) > 0 && NextIsLeft());

        if (random.Next(4) > 0)
        {
            conversation.Kept.Release();
            Engine.Wake();
        }
    }
}
