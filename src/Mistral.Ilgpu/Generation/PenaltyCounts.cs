using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.Generation;

/// <summary>How often each token is among the last ones of a text, and of its output.</summary>
/// <param name="window">How many of the last tokens count; 0 for all.</param>
internal sealed class PenaltyCounts(int window)
{
    private readonly Dictionary<int, Count> _counts = [];
    private readonly Queue<(int Id, bool IsOutput)> _recent = [];

    public void Add(int id, bool isOutput)
    {
        Change(id, isOutput, 1);
        if (window > 0)
        {
            _recent.Enqueue((id, isOutput));
            if (_recent.Count > window)
            {
                var (oldest, wasOutput) = _recent.Dequeue();
                Change(oldest, wasOutput, -1);
            }
        }
    }

    /// <summary>Penalizes the logits of the tokens that are there.</summary>
    public void Apply(SamplingOptions options, Span<float> logits)
    {
        foreach (var (id, count) in _counts)
        {
            double logit = logits[id];
            if (options.RepeatPenalty != 1)
            {
                // Rounded before anything is subtracted, as the logits of a repetition penalty alone are.
                logit = (float)(logit > 0 ? logit / options.RepeatPenalty : logit * options.RepeatPenalty);
            }

            if (count.Output > 0)
            {
                logit -= options.PresencePenalty + (count.Output * options.FrequencyPenalty);
            }

            logits[id] = (float)logit;
        }
    }

    private void Change(int id, bool isOutput, int by)
    {
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_counts, id, out _);
        count = new Count(count.All + by, count.Output + (isOutput ? by : 0));
        if (count.All == 0)
        {
            _counts.Remove(id);
        }
    }

    private readonly record struct Count(int All, int Output);
}
