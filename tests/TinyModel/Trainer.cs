using System.Diagnostics;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Mistral.Ilgpu.TinyModel;

/// <summary>Trains the model: Muon on the hidden matrices, AdamW on embeddings and gains.</summary>
public sealed class Trainer(
    TinyTransformer model, Corpus training, Corpus heldOut, int steps, TextWriter log, Action<int> checkpoint)
{
    private const int Rows = 12;
    private const int Length = 384;
    private const int FullReach = 170;
    private const double MuonRate = 0.02;
    private const double AdamRate = 0.003;

    public void Run()
    {
        var hidden = model.Parameters.Where(p => p.Key.EndsWith("proj.weight", StringComparison.Ordinal)).Select(p => p.Value)
            .ToArray();
        var others = model.Parameters.Where(p => !p.Key.EndsWith("proj.weight", StringComparison.Ordinal)).Select(p => p.Value)
            .ToArray();
        using var muon = new Muon(hidden);
        using var adam = optim.AdamW(others, AdamRate, 0.9, 0.95, weight_decay: 0.01);
        var batch = new Batch(Rows, Length);
        var clock = Stopwatch.StartNew();
        double recent = 0;
        log.WriteLine("step,seconds,training_loss,heldout_loss");
        for (int step = 1; step <= steps; step++)
        {
            double rate = Rate(step);
            // Short recalls first: a name is found again before it is carried on.
            int reach = (int)(FullReach * Math.Min(1, 0.1 + (2.5 * step / steps)));
            batch.Pack(() => training.Next(reach));
            using (var scope = NewDisposeScope())
            {
                adam.zero_grad();
                foreach (var parameter in hidden)
                {
                    parameter.grad?.zero_();
                }

                var loss = batch.Loss(model);
                loss.backward();
                recent += loss.item<float>();
                foreach (var group in adam.ParamGroups)
                {
                    group.LearningRate = AdamRate * rate;
                }

                adam.step();
                muon.Step(MuonRate * rate, 0.01);
            }

            const int Every = 50;
            if (step % Every == 0)
            {
                log.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{step},{clock.Elapsed.TotalSeconds:f0},{recent / Every:f4},{HeldOutLoss():f4}"));
                log.Flush();
                recent = 0;
            }

            if (step % 200 == 0 || step == steps)
            {
                checkpoint(step);
            }
        }
    }

    // Warm up over 50 steps, stay, and fall linearly to zero over the last two thirds.
    private double Rate(int step) => Math.Min(Math.Min(1, step / 50.0), 1.5 * (steps - step + 1) / steps);

    private double HeldOutLoss()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var batch = new Batch(4, Length);
        batch.Pack(() => heldOut.Next(FullReach));
        return batch.Loss(model).item<float>();
    }
}
