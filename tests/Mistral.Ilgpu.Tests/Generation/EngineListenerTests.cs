using System.Diagnostics;
using System.Diagnostics.Metrics;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Observability;
using Xunit;

namespace Mistral.Ilgpu.Tests.Generation;

/// <summary>Listeners of the process, so that no other test may run meanwhile.</summary>
[Collection(nameof(EngineListenerTests))]
[CollectionDefinition(nameof(EngineListenerTests), DisableParallelization = true)]
public sealed class EngineListenerTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly int[] Prompt = [.. Enumerable.Range(3, 17)];

    [Fact]
    public async Task ListenersOfActivities_ThatThrow_EndNoTextAndLoseNothing()
    {
        foreach (int where in Enumerable.Range(0, 3))
        {
            int thrown = 0;
            using var listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name == Telemetry.Name,
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => Throw(0, ActivitySamplingResult.AllData),
                ActivityStarted = _ => Throw(1, 0),
                ActivityStopped = _ => Throw(2, 0),
            };
            ActivitySource.AddActivityListener(listener);
            await RunTexts();
            Assert.Equal(5, thrown);

            T Throw<T>(int here, T value)
            {
                thrown += here == where ? 1 : 0;
                return here == where ? throw new InvalidOperationException("a listener") : value;
            }
        }
    }

    [Fact]
    public async Task ListenersOfMeters_ThatThrow_EndNoTextAndLoseNothing()
    {
        int measured = 0;
        int completed = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == Telemetry.Name)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
            MeasurementsCompleted = (_, _) => Throw(ref completed),
        };
        listener.SetMeasurementEventCallback<int>((_, _, _, _) => Throw(ref measured));
        listener.SetMeasurementEventCallback<long>((_, _, _, _) => Throw(ref measured));
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => Throw(ref measured));
        listener.Start();
        try
        {
            await RunTexts();
            Assert.True(measured > 0 && completed > 0);
        }
        finally
        {
            // It throws as it is disposed of, too, unless it is quiet by then.
            listener.MeasurementsCompleted = null;
        }
    }

    [Fact]
    public async Task ListenerOfMeters_ThatThrowsAtEachInstrument_EndsNoTextAndLosesNothing()
    {
        int published = 0;
        bool isReady = false;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (isReady && instrument.Meter.Name == Telemetry.Name)
                {
                    Throw(ref published);
                }
            },
        };
        listener.Start();
        isReady = true;
        await RunTexts();
        Assert.Equal(2, published);
        Telemetry.Create(meter => meter.CreateCounter<int>("mistral.test")).Add(1);
        Assert.Equal(3, published);
    }

    [Fact]
    public async Task Cancel_ByACaller_LeavesItsActivityCurrent()
    {
        using var listener = Listen(_ => { });
        await using var held = new HeldModel(new FakeModel(sequences: 1));
        _ = await held.Hold(HeldModel.Request(Prompt, 5));
        using var outer = new Activity("outer").Start();
        var text = held.Submit(Prompt, 5);
        using var inner = new Activity("inner").Start();
        text.Cancel();
        Assert.True(text.Completion.IsCompleted);
        Assert.Same(inner, Activity.Current);
    }

    [Fact]
    public async Task Submit_Refused_EndsItsActivity()
    {
        List<Activity> started = [];
        using var listener = Listen(started.Add);
        await using var held = new HeldModel(new FakeModel(sequences: 1), maxWaiting: 1);
        _ = await held.Hold(HeldModel.Request(Prompt, 5));
        held.Submit(Prompt, 5);
        Assert.Throws<QueueFullException>(() => held.Submit(Prompt, 5));
        Assert.Equal([false, false, true], started.Select(activity => activity.IsStopped));
        Assert.Equal(ActivityStatusCode.Error, started[2].Status);
    }

    [Fact]
    public async Task Activity_OfATextThatSharesItsPrompt_CountsTheWholePrompt()
    {
        List<Activity> started = [];
        using var listener = Listen(started.Add);
        await using var held = new HeldModel(new FakeModel(windows: [32]));
        await held.Submit(Prompt, 2).Completion;
        var text = held.Submit(Prompt, 2);
        await text.Completion;
        Assert.Equal(16, text.CachedTokens);
        Assert.Equal(Prompt.Length, started[1].GetTagItem("gen_ai.usage.input_tokens"));
        Assert.Equal(2, started[1].GetTagItem("gen_ai.usage.output_tokens"));
    }

    private static ActivityListener Listen(Action<Activity> onStarted)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Telemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStarted = onStarted,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private static void Throw(ref int count)
    {
        count++;
        throw new InvalidOperationException("a listener");
    }

    private static async Task RunTexts()
    {
        // Not disposed of where it hangs.
        var held = new HeldModel(new FakeModel(windows: [32], sequences: 2));
        TextGeneration[] texts = [.. Enumerable.Range(1, 5).Select(i => held.Submit(Prompt, 4 * i))];
        await Task.WhenAll(texts.Select(text => text.Completion)).WaitAsync(Limit, TestContext.Current.CancellationToken);
        Assert.All(texts, text => Assert.Equal(held.Alone(text), text.Ids));
        await held.Engine.StopAsync().WaitAsync(Limit, TestContext.Current.CancellationToken);
        Assert.Equal(EngineState.Stopped, held.Engine.Status.State);
        Assert.True(held.IsEmpty);
        await held.DisposeAsync();
    }
}
