using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Model;
using Xunit;

namespace Mistral.Ilgpu.Tests.Generation.Simulation;

/// <summary>What the text must have become.</summary>
internal sealed partial class SimulatedText
{
    private void Verify(TextGeneration text)
    {
        var (request, options) = (draw.Request, draw.Options);
        int[] prompt = [.. request.PromptIds];
        var reference = new Continuation(
            EngineSimulation.Tokenizer, simulation.Model.EosIds, prompt, options, text.Seed, request.StartsText,
            new HostChoice(simulation.Model.VocabularySize));
        foreach (int id in request.EndsAfterPrompt ? [] : simulation.Model.Alone(prompt, options, text.Adapters.Mask, text.Seed))
        {
            if (reference.Ending is not null)
            {
                break;
            }

            reference.Add(id, isLast: false);
        }

        var ids = text.Ids;
        if (_fault is null && text.FinishReason is FinishReason.Stop or FinishReason.Length)
        {
            // Nothing is left of a text that its end id or the context ends.
            bool isFull = prompt.Length + reference.Ids.Count > simulation.Model.Context;
            reference.End(request.EndsAfterPrompt || isFull ? FinishReason.Length : FinishReason.Stop);
            Assert.Equal(reference.Ids, ids);
            Assert.Equal(reference.Text, text.Text);
            Assert.Equal(reference.Ending, text.FinishReason);
            Assert.Equal(reference.StopText, text.StopText);
            Assert.Equal(request.EndsAfterPrompt ? 0 : prompt.Length - text.CachedTokens, text.Timings.PrefillTokens);
            if (options.PromptLogProbabilities is not null)
            {
                Assert.Equal(simulation.Model.ScoresAlone(prompt, text.Adapters.Mask), text.PromptLogProbabilities);
            }
        }
        else
        {
            Assert.Equal(reference.Ids.Take(ids.Count), ids);
        }

        if (_isReadToEnd)
        {
            Assert.Equal(_streamedIds, ids);
            Assert.Equal(_streamed.ToString(), text.Text);
        }

        VerifyReason(text);
        Assert.InRange(text.Overtaken, 0, Admission.MostOvertaken);
        Assert.InRange(text.CachedTokens, 0, prompt.Length - 1);
    }

    private void VerifyReason(TextGeneration text)
    {
        if (_fault is not null)
        {
            bool isOwn = draw.Throws && _fault is SimulatedFault { Message: var message } && message.Contains("processor");
            bool isDevices = _fault is DeviceException && simulation.Device.HasFailed;
            bool isPasses = _fault is SimulatedFault && simulation.Device.Throws;
            Assert.True(isOwn || isDevices || isPasses, _fault.ToString());
        }
        else if (text.FinishReason == FinishReason.Cancelled)
        {
            Assert.True(draw.Ending != Ending.None || simulation.IsCancelled, "cancelled by nobody");
        }
        else if (text.FinishReason == FinishReason.Deadline)
        {
            Assert.NotNull(draw.Request.Deadline);
        }
    }
}
