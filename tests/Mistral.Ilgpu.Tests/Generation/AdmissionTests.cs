using Mistral.Ilgpu.Generation;
using Xunit;

namespace Mistral.Ilgpu.Tests.Generation;

/// <summary>Who begins when, with no engine: texts come, are withdrawn, run and end at random.</summary>
public sealed class AdmissionTests
{
    private const int Longest = 64;

    private readonly FakeModel _model = new(windows: [Longest], pages: Longest / FakeModel.PageLength);
    private readonly TextQueue _queue = new(maxWaiting: 1000);
    private readonly Admission _admission;
    private readonly List<TextGeneration> _running = [];
    private readonly Dictionary<TextGeneration, int> _overtaken = [];

    public AdmissionTests() => _admission = new Admission(_model, _queue);

    [Fact]
    public void Admit_AtRandom_LeavesNobodyWaitingWhoFits()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        KeptSequence[] kept = [.. Enumerable.Range(0, 3).Select(_ => new KeptSequence())];
        int most = 0;
        for (int i = 0; i < 20_000; i++)
        {
            int action = random.Next(10);
            if (action < 4 && _queue.Count < 40)
            {
                // The large ones find no room most of the time.
                int length = random.Next(6) == 0 ? Longest : random.Next(1, 20);
                Add(length, random.Next(5) == 0 ? random.Next(3) : 0, random.Next(5) == 0 ? kept[random.Next(3)] : null);
            }
            else if (action == 4 && _queue.Snapshot() is { Length: > 0 } waiting)
            {
                _queue.Withdraw(waiting[random.Next(waiting.Length)]);
            }
            else if (action == 5 && random.Next(10) == 0)
            {
                int one = random.Next(3);
                kept[one].Release();
                kept[one] = new KeptSequence();
            }
            else if (action > 5 && _running.Count > 0)
            {
                End(_running[random.Next(_running.Count)], isIntact: random.Next(5) > 0);
            }

            Admit();
            most = _overtaken.Values.Append(most).Max();
        }

        // Unless the limit was reached, nothing was tried.
        Assert.Equal(Admission.MostOvertaken, most);
    }

    [Fact]
    public void Admit_HeadWithdrawnThatNobodyMayOvertake_LetsOthersBegin()
    {
        var running = Add(Longest / 2);
        Admit();
        var head = Add(Longest);
        for (int i = 0; i < Admission.MostOvertaken; i++)
        {
            var small = Add(1);
            Admit();
            End(small, isIntact: true);
        }

        var last = Add(1);
        Admit();
        Assert.Equal([running], _running);
        _queue.Withdraw(head);
        Admit();
        Assert.Equal([running, last], _running);
    }

    [Fact]
    public void Admit_TextsOfSeveralPriorities_BeginInTheirOrder()
    {
        var blocking = Add(Longest);
        Admit();
        TextGeneration[] texts = [Add(8), Add(8, priority: -1), Add(8, priority: 2), Add(8, priority: 2), Add(8)];
        Admit();
        Assert.Equal([blocking], _running);
        End(blocking, isIntact: true);
        Admit();
        Assert.Equal([texts[2], texts[3], texts[0], texts[4], texts[1]], _running);
    }

    [Fact]
    public void Leave_ConversationWithTwoAnswers_KeepsOnePlace()
    {
        var kept = new KeptSequence();
        TextGeneration[] texts = [Add(8, kept: kept), Add(8, kept: kept)];
        Admit();
        End(texts[0], isIntact: true);
        End(texts[1], isIntact: true);
        Assert.Equal(_model.MaxSequences - 1, _model.Table.Free);
        kept.Release();
        Admit();
        Assert.Equal(_model.MaxSequences, _model.Table.Free);
        Assert.Equal(_model.Table.Bytes, _model.Table.AvailableBytes);
    }

    private TextGeneration Add(int length, int priority = 0, KeptSequence? kept = null)
    {
        var text = new TextGeneration(
            new TextRequest([5]) { Priority = priority, Kept = kept }, [5], maxTokens: length, adapters: default, _ => { });
        _queue.Add(text);
        return text;
    }

    private void End(TextGeneration text, bool isIntact)
    {
        _admission.Leave(text, isIntact);
        _running.Remove(text);
    }

    private void Admit()
    {
        var before = _queue.Snapshot();
        var admitted = _admission.Admit();
        Assert.Equal(before.Where(admitted.Contains), admitted);
        _running.AddRange(admitted);
        Assert.True(_running.Count > 0 || before.Length == 0, "nothing runs, and texts wait");
        var waiting = _queue.Snapshot();
        foreach (var text in waiting)
        {
            int behind = admitted.Count(other => Array.IndexOf(before, other) > Array.IndexOf(before, text));
            _overtaken[text] = _overtaken.GetValueOrDefault(text) + behind;
            Assert.InRange(_overtaken[text], 0, Admission.MostOvertaken);
        }

        int barrier = Array.FindIndex(waiting, text => _overtaken[text] == Admission.MostOvertaken);
        foreach (var text in barrier < 0 ? waiting : waiting[..(barrier + 1)])
        {
            using var place = _model.Table.TryOpen(text.MaxTokens, text.Prompt, salt: 0);
            // A place that its own conversation keeps must grow, which takes more.
            Assert.True(place is null || text.Request.Kept is not null, "a text waits that fits");
        }
    }
}
