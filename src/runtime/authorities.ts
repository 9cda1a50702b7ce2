import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Failure, messageOf, startOfFile } from '../base';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * The certificates of a PEM file, without what stands around them; a private key that it may hold goes nowhere.
 *
 * @returns PEM of several lines.
 * @throws Failure `ca-certificate-invalid`.
 */
export async function readAuthorities(file: string): Promise<string> {
  try {
    const certificates = (await readFile(file, 'utf8')).match(CERTIFICATE) ?? [];
    if (certificates.length === 0) throw new Error('it holds no certificate in PEM form');
    return certificates.map((certificate) => new X509Certificate(certificate).toString()).join('');
  } catch (error) {
    throw new Failure({
      code: 'ca-certificate-invalid',
      fault: 'environment',
      summary: `The CA certificate ${file}, which the cluster's nodes are to trust, cannot be used: ${messageOf(error)}.`,
      range: startOfFile(file),
      nextSteps: ['Correct caCertificate in the settings of the machine, or the variable VAPP_CA_CERTIFICATE.'],
      cause: error,
    });
  }
}
