namespace Mistral.Ilgpu.Generation;

/// <summary>Which tokens are in a pass.</summary>
internal sealed partial class Scheduler
{
    // Texts with other adapters have other weights, so they take turns: the one that was served longest ago says whose turn it
    // is.
    private void Pack()
    {
        _batch.Clear();
        _choosing.Clear();
        _chunks.Clear();
        _taken.Clear();
        _pass++;
        ulong adapters = LongestUnserved().Adapters.Mask;
        model.AdaptersOn = adapters;
        _prompts.Clear();
        foreach (var text in _running)
        {
            if (text.Adapters.Mask != adapters)
            {
                continue;
            }

            if (text.IsReading)
            {
                _prompts.Add(text);
                continue;
            }

            Serve(text);
            _batch.Decode(text.Sequence!, text.Next, text.NextChoice());
            _choosing.Add(text);
        }

        _decoded = _batch.TokenCount;
        PackPrompts();
    }

    private TextGeneration LongestUnserved()
    {
        var longest = _running[0];
        foreach (var text in _running)
        {
            longest = text.LastPass < longest.LastPass ? text : longest;
        }

        return longest;
    }

    // Prompts take turns too: a short one behind a long one has the next pass. The first always runs, so that a budget below a
    // chunk does not keep prompts from being read.
    private void PackPrompts()
    {
        _prompts.Sort(static (a, b) => (a.LastPass, a.Arrival).CompareTo((b.LastPass, b.Arrival)));
        int first = 0;
        foreach (var text in _prompts)
        {
            int position = text.Sequence!.Position;
            int count = model.ChunkLength(position, text.Prompt.Length - position);
            // A chunk is never cut to fit, because that would change what is computed.
            if (_chunks.Count > 0 && _batch.TokenCount + count > model.TokenBudget)
            {
                continue;
            }

            Serve(text);
            bool isLast = position + count == text.Prompt.Length && !text.Request.EndsAfterPrompt;
            _batch.Prefill(
                text.Sequence, text.Prompt.AsMemory(position, count), isLast, isLast ? text.NextChoice() : default);
            if (isLast)
            {
                _choosing.Add(text);
            }

            _chunks.Add((text, first, position, count));
            first += count;
        }
    }

    private void Serve(TextGeneration text)
    {
        text.LastPass = _pass;
        _taken.Add(text);
    }
}
