using System.Collections;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tests.Generation.Simulation;
using Xunit;

namespace Mistral.Ilgpu.Tests.Generation;

/// <summary>What an engine does where something throws: texts end once, others go on, nothing is lost.</summary>
public sealed class EngineFaultTests
{
    private static readonly int[] Prompt = [5, 6, 7];

    [Fact]
    public async Task Pass_ThatThrows_EndsItsTextsAndOthersGoOn()
    {
        await using var held = new HeldModel(new FakeModel(sequences: 2));
        var first = await held.Hold(HeldModel.Request(Prompt, 20));
        var second = held.Submit([8], 20);
        var waiting = held.Submit([9], 5);
        var fault = new SimulatedFault("in a pass");
        held.OnPass = batch => _ = batch.Parts.Count == 2 ? throw fault : 0;
        held.GoOn();

        Assert.Same(fault, await Assert.ThrowsAsync<SimulatedFault>(() => first.Completion));
        Assert.Same(fault, await Assert.ThrowsAsync<SimulatedFault>(() => second.Completion));
        await waiting.Completion;
        Assert.Equal(held.Alone(waiting), waiting.Ids);
        Assert.Equal(EngineState.Healthy, held.Engine.Status.State);
        var later = held.Submit([10], 5);
        await later.Completion;
        Assert.Equal(held.Alone(later), later.Ids);
        await held.Engine.StopAsync();
        Assert.True(held.IsEmpty);
    }

    [Fact]
    public async Task Pass_OfADeviceThatFails_EndsAllAndRefusesLaterTexts()
    {
        await using var held = new HeldModel(new FakeModel(sequences: 2));
        var first = await held.Hold(HeldModel.Request(Prompt, 20));
        var stops = new CallersList<string>("never");
        var second = held.Submit([7], 20, new GenerationOptions { Stop = stops });
        var waiting = held.Submit([8], 20);
        var fault = new DeviceException("gone");
        // Whoever sees a text's end is refused already, although another has not ended yet.
        var refused = first.Completion.ContinueWith(
            _ => Assert.Throws<EngineStoppedException>(() => held.Submit([9], 1)), TaskScheduler.Default);
        held.OnPass = batch =>
        {
            if (batch.Parts.Count == 2)
            {
                stops.OnRead = () => ((IAsyncResult)refused).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(30));
                throw fault;
            }
        };
        held.GoOn();

        Assert.Same(fault, await Assert.ThrowsAsync<DeviceException>(() => first.Completion));
        Assert.Same(fault, await Assert.ThrowsAsync<DeviceException>(() => second.Completion));
        Assert.Same(fault, await Assert.ThrowsAsync<DeviceException>(() => waiting.Completion));
        Assert.Same(fault, (await refused).InnerException);
        Assert.Equal((EngineState.Faulted, fault), (held.Engine.Status.State, held.Engine.Status.Fault));
        await Assert.ThrowsAsync<DeviceException>(async () =>
        {
            await foreach (var _ in waiting)
            {
            }
        });
        await held.Engine.StopAsync();
        Assert.True(held.IsEmpty);
        Assert.Equal(EngineState.Faulted, held.Engine.Status.State);
    }

    [Fact]
    public async Task Passes_ThatThrowThreeTimesInARow_StopTheEngine()
    {
        await using var held = new HeldModel();
        held.OnPass = _ => throw new SimulatedFault("in a pass");
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(EngineState.Healthy, held.Engine.Status.State);
            await Assert.ThrowsAsync<SimulatedFault>(() => held.Submit(Prompt, 5).Completion);
        }

        Assert.Equal(EngineState.Faulted, held.Engine.Status.State);
        Assert.IsType<SimulatedFault>(Assert.Throws<EngineStoppedException>(() => held.Submit(Prompt, 5)).InnerException);
        await held.Engine.StopAsync();
        Assert.True(held.IsEmpty);
    }

    [Fact]
    public async Task Dispose_WhileTextsRunAndWait_CancelsThemAndGivesPagesBack()
    {
        await using var held = new HeldModel(new FakeModel(sequences: 2));
        var first = await held.Hold(HeldModel.Request(Prompt, 1000));
        TextGeneration[] texts = [first, held.Submit([8], 1000), held.Submit([9], 1000)];
        var disposals = Enumerable.Range(0, 4).Select(_ => Task.Run(async () => await held.Engine.DisposeAsync())).ToArray();
        held.GoOn();
        await Task.WhenAll(disposals);
        Assert.All(texts, text => Assert.True(text.Completion.IsCompletedSuccessfully));
        Assert.All(texts, text => Assert.Equal(FinishReason.Cancelled, text.FinishReason));
        Assert.True(held.IsEmpty);
        Assert.Equal(EngineState.Stopped, held.Engine.Status.State);
        Assert.Null(Assert.Throws<EngineStoppedException>(() => held.Submit(Prompt, 1)).InnerException);
    }

    [Fact]
    public async Task Cancel_AfterTheEngineIsDisposedOf_DoesNothing()
    {
        await using var held = new HeldModel();
        using var source = new CancellationTokenSource();
        var text = held.Engine.Submit(HeldModel.Request(Prompt, 5), source.Token);
        await text.Completion;
        await held.Engine.DisposeAsync();
        text.Cancel();
        await source.CancelAsync();
        Assert.Equal((FinishReason.Length, 5), (text.FinishReason, text.Ids.Count));
    }

    [Fact]
    public async Task Cancel_BehindAHeadThatFindsNoRoom_EndsTheTextAtOnce()
    {
        await using var held = new HeldModel(new FakeModel(pages: 8));
        _ = await held.Hold(HeldModel.Request(Prompt, 12));
        var head = held.Submit([8], 1000);
        using var source = new CancellationTokenSource();
        var behind = held.Submit([9], 1000);
        var byToken = held.Engine.Submit(HeldModel.Request([9], 1000), source.Token);
        behind.Cancel();
        await source.CancelAsync();
        // The engine is in a pass all this time.
        Assert.True(behind.Completion.IsCompletedSuccessfully && byToken.Completion.IsCompletedSuccessfully);
        Assert.False(head.Completion.IsCompleted);
        Assert.Equal(1, held.Engine.Status.Waiting);
        head.Cancel();
    }

    [Fact]
    public async Task Submit_TokenCancelledMeanwhile_EndsTheTextAtOnce()
    {
        await using var held = new HeldModel(new FakeModel(sequences: 1));
        _ = await held.Hold(HeldModel.Request(Prompt, 12));
        using var source = new CancellationTokenSource();
        var options = new GenerationOptions { Stop = ["x"], PromptLogProbabilities = 0 };
        // Its ids are read after the token was looked at.
        var text = held.Engine.Submit(new TextRequest(new Cancelling(source)) { Options = options }, source.Token);
        Assert.True(text.Completion.IsCompletedSuccessfully);
        Assert.Equal((FinishReason.Cancelled, 0), (text.FinishReason, held.Engine.Status.Waiting));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Processor_ThatThrows_EndsItsTextAlone(bool asADevice)
    {
        await using var held = new HeldModel();
        Exception fault = asADevice ? new DeviceException("another device") : new SimulatedFault("in a processor");
        var text = await held.Hold(HeldModel.Request(
            Prompt, 20, new GenerationOptions { LogitProcessors = [new DoAfter(3, () => throw fault)] }));
        var other = held.Submit([8], 20);
        held.GoOn();
        Assert.Same(fault, await Assert.ThrowsAnyAsync<Exception>(() => text.Completion));
        Assert.Equal(3, text.Ids.Count);
        await other.Completion;
        Assert.Equal(held.Alone(other), other.Ids);
        await held.Engine.StopAsync();
        Assert.True(held.IsEmpty);
    }

    [Fact]
    public async Task StopStrings_ThatThrow_EndTheirTextAlone()
    {
        await using var held = new HeldModel();
        var stops = new CallersList<string>("never");
        var text = await held.Hold(HeldModel.Request(Prompt, 20, new GenerationOptions { Stop = stops }));
        var other = held.Submit([8], 20);
        stops.OnRead = () => throw new NotSupportedException("a list that throws");
        held.GoOn();
        await Assert.ThrowsAsync<NotSupportedException>(
            () => text.Completion.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        await other.Completion;
        Assert.Equal(held.Alone(other), other.Ids);
        await held.Engine.StopAsync();
        Assert.True(held.IsEmpty);
    }

    [Fact]
    public async Task Text_ThatFailsAsItBegins_LeavesItsPlaceToThoseThatWait()
    {
        await using var held = new HeldModel(new FakeModel(sequences: 1));
        var first = await held.Hold(HeldModel.Request(Prompt, 5));
        var processors = new CallersList<ILogitProcessor>
        {
            OnRead = () => throw new NotSupportedException("a list that throws"),
        };
        var text = held.Submit([8], 5, new GenerationOptions { LogitProcessors = processors });
        var behind = held.Submit([9], 5);
        held.GoOn();
        await first.Completion;
        await Assert.ThrowsAsync<NotSupportedException>(() => text.Completion);
        await behind.Completion.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(held.Alone(behind), behind.Ids);
        Assert.Equal(held.Alone(first), first.Ids);
    }

    [Fact]
    public async Task OnRead_ThatThrows_EndsItsTextAlone()
    {
        await using var held = new HeldModel();
        var text = await held.Hold(HeldModel.Request(new int[20], 5) with
        {
            OnRead = (read, _) => _ = read > 8 ? throw new SimulatedFault("told") : 0,
        });
        var other = held.Submit([8], 20);
        held.GoOn();
        await Assert.ThrowsAsync<SimulatedFault>(() => text.Completion);
        await other.Completion;
        Assert.Equal(held.Alone(other), other.Ids);
    }

    private sealed class Cancelling(CancellationTokenSource source) : IReadOnlyList<int>
    {
        public int Count => 1;

        public int this[int index] => 5;

        public IEnumerator<int> GetEnumerator()
        {
            source.Cancel();
            yield return 5;
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
