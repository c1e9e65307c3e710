using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Step states of passes that need no more than rows and ids.</summary>
internal static class PassState
{
    /// <summary>The first decoding tokens, then prompts', each at its own position from <paramref name="start"/> on.</summary>
    public static StepState Of(ComputeDevice device, int tokens, int decode = 0, int[]? ids = null, int start = 0)
    {
        int scale = BitConverter.SingleToInt32Bits(1);
        int[] state =
        [
            .. Header(tokens, decode),
            .. Enumerable.Range(0, tokens).SelectMany(i => new[] { ids?[i] ?? 0, start + i, 0, i / TileLayout.Length, scale }),
        ];
        return new StepState(device.Upload(state));
    }

    /// <summary>Rows of logits, of these tokens.</summary>
    public static StepState OfLogits(ComputeDevice device, params int[] tokens)
    {
        int[] header = Header(0, 0);
        (header[StepState.LogitCountAt], header[StepState.LogitRowsAt]) = (tokens.Length, StepState.Header);
        return new StepState(device.Upload([.. header, .. tokens]));
    }

    /// <summary>Rows of logits from which tokens are chosen so.</summary>
    public static StepState OfChoices(ComputeDevice device, params TokenChoice[] choices)
    {
        int[] state = [.. Header(0, 0), .. new int[choices.Length * TokenChoice.Ints]];
        (state[StepState.LogitCountAt], state[StepState.ChoicesAt]) = (choices.Length, StepState.Header);
        for (int row = 0; row < choices.Length; row++)
        {
            choices[row].Write(state.AsSpan(StepState.Header + (row * TokenChoice.Ints)));
        }

        return new StepState(device.Upload(state));
    }

    private static int[] Header(int tokens, int decode)
    {
        int[] header = new int[StepState.Header];
        (header[StepState.TokenCountAt], header[StepState.DecodeCountAt]) = (tokens, decode);
        return header;
    }
}
